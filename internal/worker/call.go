package worker

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// Call is a request on its way through a worker, and the place where its
// reply arrives.
type Call struct {
	Req *wire.Request

	Tx     *Tx     // of a Begin
	Stream *Stream // of a Query

	// Answered is called when the reply has arrived, by whoever sent it, and
	// must not wait for anything. Set it before the call is submitted; nil for
	// nothing.
	Answered func()

	size     int       // bytes of the request, for the bounds of a group
	digest   []byte    // of the batch, where it has a request_id
	deadline time.Time // zero for none
	taken    atomic.Bool
	gaveUp   atomic.Bool // Cancel was called
	reply    chan *wire.Reply

	// Owned by the worker's goroutine.
	claimed  bool // the worker has taken the call
	answered bool
}

// NewCall returns a call for req, of size bytes, that arrived at now.
func NewCall(req *wire.Request, size int, now time.Time) *Call {
	c := &Call{Req: req, size: size, reply: make(chan *wire.Reply, 1)}
	switch {
	case req.Timeout > 0:
		c.deadline = now.Add(req.Timeout)
	case req.MinRev != nil:
		c.deadline = now.Add(minRevWait)
	}
	if req.RequestID != "" {
		c.digest = digest(req)
	}
	return c
}

// Reply returns the channel on which the only reply arrives.
func (c *Call) Reply() <-chan *wire.Reply { return c.reply }

// Deadline returns when the request's time ends, the zero time for never.
func (c *Call) Deadline() time.Time { return c.deadline }

// Expire answers a call whose time has passed while it still waits for its
// turn. A call that the worker has taken is the worker's to answer.
func (c *Call) Expire() {
	c.refuse(timedOut("before its turn came; nothing was done"))
}

// Cancel ends a call that waits or runs: it is answered with CANCELLED. One
// that is about to be committed stays.
func (c *Call) Cancel() {
	c.interrupt()
	c.refuse(errCancelled)
}

// interrupt ends what runs of the call.
func (c *Call) interrupt() {
	c.gaveUp.Store(true)
	if c.Stream != nil {
		c.Stream.cancel(errCancelled)
	}
}

// cancelable is a context of the call's statements, which also ends by Cancel.
type cancelable struct {
	context.Context
	call *Call
}

// Err implements [context.Context].
func (x cancelable) Err() error {
	if x.call.gaveUp.Load() {
		return context.Canceled
	}
	return x.Context.Err()
}

// take takes the call; only one succeeds, and only that one answers.
func (c *Call) take() bool { return !c.taken.Swap(true) }

// claim makes the call the worker's and reports whether it is.
func (c *Call) claim() bool {
	c.claimed = c.claimed || c.take()
	return c.claimed
}

func (c *Call) expired(now time.Time) bool { return !c.deadline.IsZero() && !now.Before(c.deadline) }

// answer sends the reply, unless one was sent before.
func (c *Call) answer(r *wire.Reply) {
	if c.send(r) {
		c.tell()
	}
}

// send is answer without telling that the reply is there, and reports whether
// it is due to be told.
func (c *Call) send(r *wire.Reply) bool {
	if c.answered || !c.claim() {
		return false
	}
	c.answered = true
	c.reply <- r
	return true
}

// tell tells that the reply is there.
func (c *Call) tell() {
	if c.Answered != nil {
		c.Answered()
	}
}

// refuse answers a call that no worker has taken.
func (c *Call) refuse(err error) {
	if c.take() {
		c.reply <- wire.Failure(err)
		c.tell()
	}
}

func (c *Call) fail(err error) { c.answer(wire.Failure(err)) }

func timedOut(when string, args ...any) *wire.Error {
	return wire.Errorf(wire.CodeTimeout, "The request's time passed "+when+".", args...)
}

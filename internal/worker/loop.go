package worker

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

func (w *Worker) run(prev <-chan struct{}) {
	defer close(w.done)
	defer w.giveUp()
	if prev != nil {
		<-prev
	}
	// A fault in the mapped -shm file, say after someone truncated it, becomes
	// a panic of this goroutine instead of the end of the process.
	debug.SetPanicOnFault(true)
	for again := true; again; {
		again = w.serve()
	}
	w.stopReading(errEnding, endGrace)
	w.closeDB()
	w.publish()
}

// serve handles calls until the worker may end. It reports true if a panic
// stopped it: what was in hand is answered, and the queue waits.
func (w *Worker) serve() (again bool) {
	defer func() {
		if v := recover(); v != nil {
			w.recovered(v)
			again = true
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		c := w.take(timer)
		if c == nil {
			return false
		}
		w.inFlight = append(w.inFlight[:0], c)
		w.handle(c)
		clear(w.inFlight)
	}
}

// take returns the next call, and does what is due while there is none. It
// returns nil when the worker may end.
func (w *Worker) take(timer *time.Timer) *Call {
	if c := w.next; c != nil {
		w.next = nil
		return c
	}
	for {
		select {
		case c := <-w.queue:
			return c
		default:
		}
		timer.Reset(w.untilDue(time.Now()))
		select {
		case c := <-w.queue:
			return c
		case <-w.stop:
			if len(w.queue) == 0 {
				return nil
			}
		case <-timer.C:
			if w.due(time.Now()) {
				return nil
			}
		}
	}
}

// untilDue returns how long the worker may sleep.
func (w *Worker) untilDue(now time.Time) time.Duration {
	wait := time.Hour
	if at, ok := w.idleEnd(); ok {
		wait = at.Sub(now)
	}
	if at, ok := w.ckpt.quietAt(); ok {
		wait = min(wait, at.Sub(now))
	}
	if paused, _ := w.readers.breathing(); paused {
		wait = min(wait, breatherPoll)
	}
	return max(wait, 0)
}

// idleEnd returns when the worker may end if nothing comes. One that only
// told its state was of no use yet and need not stay; one that could not make
// its state durable stays, for the next would not know.
func (w *Worker) idleEnd() (time.Time, bool) {
	if w.state.unsynced {
		return time.Time{}, false
	}
	last := w.lastUse
	busy, read := w.readers.busy()
	if read.After(last) {
		last = read
	}
	switch {
	case busy:
		last = time.Now()
	case last.IsZero():
		return time.Time{}, true
	}
	return last.Add(w.cfg.Idle), w.cfg.Idle > 0
}

// due does what is due and reports whether the worker may end.
func (w *Worker) due(now time.Time) bool {
	w.useBreather()
	if at, ok := w.ckpt.quietAt(); ok && !now.Before(at) {
		w.checkpointQuietly()
	}
	at, ok := w.idleEnd()
	return ok && !now.Before(at) && w.cfg.Retire(w, w.used())
}

// used reports whether the worker was asked for more than a Ping.
func (w *Worker) used() bool {
	_, read := w.readers.busy()
	return !w.lastUse.IsZero() || !read.IsZero()
}

// handle answers c, and whatever else belongs into its group.
func (w *Worker) handle(c *Call) {
	if inGroups(c) {
		w.lastUse = time.Now()
		w.runGroup(w.gather(c))
		w.lastUse = time.Now()
		return
	}
	switch c.Req.Type {
	case wire.TypeBegin:
		w.lastUse = time.Now()
		w.transaction(c)
		w.lastUse = time.Now()
		return
	case wire.TypeQuery:
		w.admitQuery(c)
		return
	}
	if !c.claim() {
		return
	}
	reply, err := w.command(c.Req)
	if err != nil {
		w.cfg.Log.Warn("request failed", "type", c.Req.Type, "error", err)
		reply = wire.Failure(w.diskError(err))
	}
	w.publish()
	c.answer(reply)
}

func (w *Worker) command(req *wire.Request) (*wire.Reply, error) {
	if req.Type == wire.TypePing {
		return w.ping()
	}
	w.lastUse = time.Now()
	if err := w.readState(); err != nil {
		return nil, err
	}
	switch req.Type {
	case wire.TypePrepareForMaintenance:
		return w.prepare()
	case wire.TypeCloseDatabase:
		return w.close(req.RequireExclusive)
	case wire.TypeReopenDatabase:
		return w.reopen()
	}
	return nil, fmt.Errorf("a worker got a %s", req.Type)
}

// recovered answers what was in hand when a panic struck, and drops the
// connection, whose state nobody knows.
func (w *Worker) recovered(v any) {
	w.cfg.Log.Error("panic in a worker", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	for _, c := range w.inFlight {
		if c != nil {
			c.fail(fmt.Errorf("panic: %v", v))
		}
	}
	clear(w.inFlight)
	if w.db != nil {
		w.db.GiveUp()
	}
	w.closeDB()
}

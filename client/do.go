package client

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// Do sends a request and returns the reply to it, a success. The other methods
// are made of it; it is for programs that pass requests on. It blocks and
// retries as they do. An ExecBatch without a request id gets one. The request
// is not changed, and its ID is not sent: the client uses its own.
//
// A Query goes by DoQuery. What belongs to a transaction, Cancel and Subscribe
// go by their connection and have methods only.
func (c *Client) Do(ctx context.Context, req *wire.Request) (*wire.Reply, error) {
	switch req.Type {
	case wire.TypeShutdown:
		return c.shutdown(ctx)
	case wire.TypeExecBatch:
		if req.TxID == "" {
			return c.doBatch(ctx, req)
		}
	case wire.TypeQuery:
		return nil, wire.Errorf(wire.CodeInvalidRequest, "A Query has rows: use DoQuery.")
	case wire.TypePing, wire.TypeStatus, wire.TypePrepareForMaintenance, wire.TypeCloseDatabase, wire.TypeReopenDatabase:
		return c.single(ctx, req)
	}
	return nil, wire.Errorf(wire.CodeInvalidRequest, "A %s goes by its connection: use the method of the client that is for it.", req.Type)
}

// single is Do for requests with one reply that may be sent twice.
func (c *Client) single(ctx context.Context, req *wire.Request) (*wire.Reply, error) {
	frame, id, err := c.frame(req)
	if err != nil {
		return nil, err
	}
	return c.newRetry(ctx, frame, id, nil).run()
}

// doBatch is Do for ExecBatch: it keeps the books of what the daemon may
// forget.
func (c *Client) doBatch(ctx context.Context, orig *wire.Request) (*wire.Reply, error) {
	req := *orig
	db := named(req.DB)
	own := ""
	if req.RequestID == "" {
		own = c.ids.next()
		req.RequestID = own
	}
	frame, id, carried, err := c.frameForgetting(&req)
	if err != nil {
		return nil, err
	}
	r := c.newRetry(ctx, frame, id, func(done, sentTwice bool) {
		switch {
		case !done: // the forgetting was rolled back with the batch
			c.answered.add(db, carried...)
		case own != "" && !sentTwice:
			c.answered.add(db, own)
		}
	})
	r.deed = executedBatch
	return r.run()
}

// frameForgetting encodes req, which is of the client's own, together with ids
// that the daemon may forget. carried are those; they are taken from the books.
func (c *Client) frameForgetting(req *wire.Request) (frame, id []byte, carried []string, err error) {
	db, given := named(req.DB), req.Forget
	carried = c.answered.take(db, wire.MaxForget-len(given))
	req.Forget = slices.Concat(given, carried)
	frame, id, err = c.frame(req)
	if err != nil && len(carried) > 0 {
		// What the client adds must not make a request too large.
		c.answered.add(db, carried...)
		carried, req.Forget = nil, given
		frame, id, err = c.frame(req)
	}
	return frame, id, carried, err
}

// frame encodes req with an id of the client's own.
func (c *Client) frame(req *wire.Request) (frame, id []byte, err error) {
	r := *req
	r.ID = strconv.AppendUint(nil, c.calls.Add(1), 10)
	frame, err = appendFrame(nil, &r)
	if err != nil {
		return nil, nil, wire.Errorf(wire.CodeFrameTooLarge, "The request cannot be sent: %w.", err)
	}
	if n := len(frame) - wire.HeaderSize; n > c.set.maxFrame {
		return nil, nil, wire.FrameTooLarge(uint32(n), c.set.maxFrame)
	}
	return frame, r.ID, nil
}

func appendFrame(dst []byte, r *wire.Request) ([]byte, error) {
	return wire.AppendFrame(dst, func(b []byte) ([]byte, error) { return wire.AppendRequest(b, r), nil })
}

// executedBatch is what an earlier copy of a batch may have done.
const executedBatch = "executed the batch"

// retry is one call of a caller: the same frame, sent until a reply settles it.
type retry struct {
	c     *Client
	ctx   context.Context
	frame []byte
	id    []byte
	// settled, if any, is called once, with what is known at the end: that
	// the daemon has done what was asked, and that an earlier copy of the
	// frame may still be on its way to it.
	settled func(done, sentTwice bool)

	pauses backoff
	left   time.Duration // for trouble, where ctx has no deadline
	lost   int           // copies sent to connections that were lost
	deed   string        // what an earlier copy may have done, "" where that does not matter
	last   error         // the last trouble
}

func (c *Client) newRetry(ctx context.Context, frame, id []byte, settled func(done, sentTwice bool)) *retry {
	if settled == nil {
		settled = func(bool, bool) {}
	}
	return &retry{
		c: c, ctx: ctx, frame: frame, id: id, settled: settled,
		pauses: backoff{c.timing.backoff, c.timing.backoffMax}, left: c.timing.retryFor,
	}
}

// run sends the frame until it gets a reply that settles the call.
func (r *retry) run() (*wire.Reply, error) {
	for {
		conn, err := r.connection()
		if err != nil && !isPassing(err) {
			r.settled(false, false)
			return nil, err
		}
		if err == nil {
			reply, left, err := r.once(conn)
			if left {
				return nil, err
			}
			if err == nil || !isPassing(err) {
				r.settled(err == nil, r.lost > 0)
				return reply, err
			}
			r.last = err
		} else {
			r.last = err
		}
		if err := r.pause(); err != nil {
			r.settled(false, false)
			return nil, err
		}
	}
}

// once sends the frame on conn and waits for the outcome. left says that the
// context has ended first, and that settled will be called by the connection.
func (r *retry) once(conn *conn) (reply *wire.Reply, left bool, err error) {
	cl := &call{id: r.id, frame: r.frame, done: make(chan outcome, 1)}
	conn.send(cl)
	select {
	case o := <-cl.done:
		reply, err := r.judge(o)
		return reply, false, err
	case <-r.ctx.Done():
	}
	lost := r.lost
	inFlight := conn.abandon(cl, func(o outcome) {
		r.settled(o.reply != nil && o.reply.Err() == nil, lost > 0)
	})
	if inFlight && r.deed == executedBatch {
		r.c.cancelCall(conn, r.id)
	}
	return nil, true, gaveUp(r.ctx, true, r.last)
}

// cancelCall asks the daemon to leave what it has not executed yet. Nobody waits
// for the reply.
func (c *Client) cancelCall(conn *conn, target []byte) {
	frame, id, err := c.frame(&wire.Request{Type: wire.TypeCancel, Target: target})
	if err != nil {
		return
	}
	conn.send(&call{id: id, frame: frame, late: func(outcome) {}})
}

// judge makes an outcome a success, an error that passes, or one that stays.
func (r *retry) judge(o outcome) (*wire.Reply, error) {
	if o.err != nil {
		if o.sent {
			r.lost++
		}
		return nil, &passing{o.err}
	}
	err := o.reply.Err()
	if err == nil {
		return o.reply, nil
	}
	if passes(err) {
		return nil, &passing{err}
	}
	if r.lost > 0 && r.deed != "" && !decides(err) {
		return nil, wire.Errorf(wire.CodeUnavailable, "The daemon may or may not have %s: the reply was lost, and asked again it said: %w.", r.deed, &phrase{err})
	}
	return nil, err
}

// connection waits for a connection, on the account of the trouble.
func (r *retry) connection() (conn *conn, err error) {
	err = r.spend(func(ctx context.Context) (err error) {
		conn, err = r.c.connection(ctx)
		return err
	})
	if err != nil && !isPassing(err) {
		err = unavailable(err)
	}
	return conn, err
}

// pause waits before the next try.
func (r *retry) pause() error {
	return r.spend(func(ctx context.Context) error {
		return sleep(ctx, r.pauses.duration())
	})
}

// spend calls wait with a context that ends with the caller's, or, if that has
// no deadline, when the time for trouble is used up. Its own errors are for
// the caller.
func (r *retry) spend(wait func(context.Context) error) error {
	if r.ctx.Err() != nil {
		return gaveUp(r.ctx, r.lost > 0, r.last)
	}
	ctx, cancel := r.ctx, context.CancelFunc(func() {})
	if _, bounded := ctx.Deadline(); !bounded {
		ctx, cancel = context.WithTimeout(ctx, r.left)
	}
	defer cancel()
	began := time.Now()
	err := wait(ctx)
	r.left -= time.Since(began)
	switch {
	case err == nil || ctx.Err() == nil || !errors.Is(err, ctx.Err()):
		return err
	case r.ctx.Err() != nil:
		return gaveUp(r.ctx, r.lost > 0, r.last)
	case r.last == nil:
		r.last = context.DeadlineExceeded
	}
	return wire.Errorf(wire.CodeUnavailable, "The daemon at %q could not serve the request for %v: %w.", r.c.set.socket, r.c.timing.retryFor, &phrase{r.last})
}

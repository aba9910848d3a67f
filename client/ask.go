package client

import (
	"context"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// answer is the first frame of a reply, on the lane where more may follow.
type answer struct {
	*wire.Reply
	lane *lane
	id   []byte // of the request
	stop func() bool
}

// ask sends req on a lane and returns the first frame of the reply, a success.
// Until that has come it tries again as every call does, which is safe for
// what does nothing that outlives its connection; patience is for trouble,
// where ctx has no deadline. The end of ctx ends the lane until answer.stop.
func (c *Client) ask(ctx context.Context, req *wire.Request, patience time.Duration) (answer, error) {
	return c.askOf(ctx, req, patience, c.dialLane)
}

// askOf is ask with another way to connect.
func (c *Client) askOf(ctx context.Context, req *wire.Request, patience time.Duration, dial dialer) (answer, error) {
	frame, id, err := c.frame(req)
	if err != nil {
		return answer{}, err
	}
	r := c.newRetry(ctx, frame, id, nil)
	r.left = patience
	for {
		l, err := r.takeLane(dial)
		if err == nil {
			var a answer
			var stale bool
			if a, stale, err = r.first(l); err == nil {
				return a, nil
			}
			if stale {
				c.dropIdle()
				continue
			}
		}
		if !isPassing(err) {
			return answer{}, err
		}
		r.last = err
		if err := r.pause(); err != nil {
			return answer{}, err
		}
	}
}

// takeLane waits for a lane, on the account of the trouble.
func (r *retry) takeLane(dial dialer) (l *lane, err error) {
	err = r.spend(func(ctx context.Context) (err error) {
		l, err = r.c.takeLane(ctx, dial)
		return err
	})
	if err != nil && !isPassing(err) {
		err = unavailable(err)
	}
	return l, err
}

// first sends the frame on l and returns the first frame of the reply. Unless
// it succeeds, l is given back or ended. stale says that the daemon had hung up
// on l while it was idle.
func (r *retry) first(l *lane) (a answer, stale bool, err error) {
	stop := l.watch(r.ctx)
	reply, err := l.exchange(r.frame, r.id)
	if err == nil && reply.Err() == nil {
		return answer{Reply: reply, lane: l, id: r.id, stop: stop}, false, nil
	}
	inTime := stop()
	if err != nil {
		l.hangUp()
		switch {
		case err == ErrClosed:
			return a, false, unavailable(err)
		case !inTime:
			return a, false, gaveUpWaiting(r.ctx, r.last)
		}
		return a, l.used, &passing{err}
	}
	err = reply.Err()
	l.settle(inTime, err)
	if passes(err) {
		err = &passing{err}
	}
	return a, false, err
}

// settle gives the lane back after a reply that is complete, unless ctx or the
// daemon has ended it.
func (l *lane) settle(inTime bool, err error) {
	switch wire.ErrorCode(err) {
	case wire.CodeShuttingDown, wire.CodeFrameTooLarge:
		inTime = false
	}
	if inTime {
		l.release()
	} else {
		l.hangUp()
	}
}

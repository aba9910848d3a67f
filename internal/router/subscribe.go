package router

import (
	"context"

	"github.com/skylinedb/skylinedb/internal/feed"
	"github.com/skylinedb/skylinedb/wire"
)

// subscriber is a Subscribe: a reply that goes on until it is ended.
type subscriber struct {
	c   *conn
	req *wire.Request
	ctx context.Context
	end context.CancelCauseFunc
}

func newSubscriber(c *conn, req *wire.Request) *subscriber {
	s := &subscriber{c: c, req: req}
	s.ctx, s.end = context.WithCancelCause(c.r.ending)
	return s
}

// cancel ends the subscription with CANCELLED.
func (s *subscriber) cancel() {
	s.end(wire.Errorf(wire.CodeCancelled, "The request was cancelled."))
}

// serve sends events until the subscription ends, and returns its last frame.
// The error says that the client is gone.
func (s *subscriber) serve() (*wire.Reply, error) {
	defer s.end(nil)
	name, key := "", ""
	if s.req.HasDB {
		path, err := s.c.r.cfg.Root.Resolve(s.req.DB)
		if err != nil {
			return s.c.r.answer(nil, err), nil
		}
		name, key = path.Name, path.Key
	}
	sub := s.c.r.feed.Subscribe(key)
	defer s.c.r.used()
	defer sub.Close()
	first, err := s.first()
	if err != nil {
		return s.c.r.answer(nil, err), nil
	}
	if err := s.send(first); err != nil {
		return nil, err
	}
	if e, missed := s.missed(first, name); missed {
		if err := s.send(eventReply(e)); err != nil {
			return nil, err
		}
	}
	return s.follow(sub, first)
}

// first is the first frame. What happens from now on is told behind it.
func (s *subscriber) first() (*wire.Reply, error) {
	first := wire.OK()
	if s.req.HasDB {
		// A database without a worker gets one, and that knows no Subscribe.
		pong, err := s.c.r.ping(&wire.Request{Type: wire.TypePing, DB: s.req.DB, HasDB: true})
		if err != nil {
			return nil, err
		}
		if err := pong.Err(); err != nil {
			return nil, err
		}
		first.Rev, first.Epoch, first.State = pong.Rev, pong.Epoch, pong.State
	}
	first.Subscribed, first.More = true, true
	return first, nil
}

// missed is the event for what the subscriber has not seen, if there is any.
func (s *subscriber) missed(first *wire.Reply, name string) (feed.Event, bool) {
	if s.req.Rev == nil || *s.req.Rev == *first.Rev && (s.req.Epoch == "" || s.req.Epoch == *first.Epoch) {
		return feed.Event{}, false
	}
	e := wire.Event{Event: wire.EventCommit, DB: name, Missed: true}
	return feed.Event{Event: e, Rev: *first.Rev, Epoch: *first.Epoch}, true
}

// follow sends what happens. What the first frame knew already is left out.
func (s *subscriber) follow(sub *feed.Subscription, first *wire.Reply) (*wire.Reply, error) {
	for {
		e, err := sub.Next(s.ctx)
		if cause := context.Cause(s.ctx); wire.ErrorCode(cause) == wire.CodeCancelled {
			err = cause // at once, though there may be more
		}
		if err != nil {
			return wire.Failure(err), nil
		}
		if first.Rev != nil && e.Event.Event == wire.EventCommit && e.Epoch == *first.Epoch && e.Rev <= *first.Rev {
			continue
		}
		if err := s.send(eventReply(e)); err != nil {
			return nil, err
		}
	}
}

func eventReply(e feed.Event) *wire.Reply {
	r := wire.OK()
	r.Event, r.Rev, r.Epoch, r.More = e.Event, &e.Rev, &e.Epoch, true
	return r
}

// send sends one frame at once.
func (s *subscriber) send(r *wire.Reply) error {
	r.ID = s.req.ID
	frame, err := replyFrame(nil, r)
	if err != nil {
		return err
	}
	return s.c.flush(frame)
}

package client

import (
	"context"
	"errors"
	"iter"
	"math"

	"github.com/skylinedb/skylinedb/wire"
)

// SubscribeOptions say what to be told of.
type SubscribeOptions struct {
	DB string // unlike elsewhere, "" is all databases
	// Rev and Epoch, if any, are what the caller has seen of DB, in a [Result]
	// or a [Database]: if there were commits since, the first commit event has
	// Missed.
	Rev   *int64
	Epoch string
}

// The kinds of an [Event].
const (
	// EventSubscribed: from here on everything is told. It comes first, and
	// again when the client has had to subscribe again.
	EventSubscribed = "subscribed"
	// EventCommit: everything up to Rev is committed and can be read.
	EventCommit = wire.EventCommit
	// EventMaintenance: the database is prepared, closed or open again.
	EventMaintenance = wire.EventMaintenance
)

// Event is what a subscriber is told of a database.
type Event struct {
	Kind  string
	DB    string // "" for EventSubscribed to all databases
	Rev   int64  // the database's
	Epoch string // the file's, which Rev belongs to
	// State is that of the database, for EventSubscribed to one.
	State string
	// Tables may have been changed by the commits that the event stands for.
	Tables []string
	// Missed says that there were commits that are not told one by one:
	// anything in the database may have changed, or in all of them where DB is
	// empty.
	Missed bool
	// Change is what EventMaintenance tells: one of wire.ChangePreparing,
	// ChangeClosed, ChangeReopened and ChangeReplaced.
	Change string
}

// Subscribe yields what happens to a database, or to all, until ctx ends. It
// blocks between the events. A slow loop gets fewer and larger events and holds
// up nobody. A subscription keeps the daemon from ending for idleness.
//
// The first connection starts a daemon, as every call does. When it is lost, the
// subscription waits for the next daemon, for as long as it takes, and starts
// none: one that was shut down does not come back because somebody listens. It
// goes on from what it has told, so that
// commits in between come as an event with Missed; where it is subscribed to
// all databases, EventSubscribed has Missed instead. An error is the last that
// it yields: the client was closed, or what was asked for cannot be had. The
// end of ctx is none.
func (c *Client) Subscribe(ctx context.Context, o SubscribeOptions) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		s := &subscription{c: c, ctx: ctx, db: o.DB, rev: o.Rev, epoch: o.Epoch}
		s.rest()
		for s.again(yield) {
			if sleep(ctx, s.pauses.duration()) != nil {
				return
			}
		}
	}
}

// subscription is what a subscriber has seen.
type subscription struct {
	c      *Client
	ctx    context.Context
	db     string
	rev    *int64 // nil before anything is known
	epoch  string
	count  int     // of the connections so far
	pauses backoff // between connections that end at once
}

// again subscribes once and yields what comes. It returns true where the
// connection was lost.
func (s *subscription) again(yield func(Event, error) bool) bool {
	dial := s.c.dialLane
	if s.count > 0 {
		dial = s.c.dialRunning
	}
	a, err := s.c.askOf(s.ctx, &wire.Request{
		Type: wire.TypeSubscribe, DB: s.db, HasDB: s.db != "", Rev: s.rev, Epoch: s.epoch,
	}, math.MaxInt64/2, dial)
	if err != nil {
		return s.fails(err, yield)
	}
	defer a.lane.hangUp()
	defer a.stop()
	s.count++
	for reply := a.Reply; ; s.rest() {
		if ev, ok := s.event(reply); ok && !yield(ev, nil) {
			return false
		}
		if !reply.More {
			return true
		}
		if reply, err = a.lane.receive(a.id); err == nil {
			err = reply.Err()
		}
		if err != nil {
			_, told := errors.AsType[*wire.Error](err)
			again := (!told || passes(err)) && err != ErrClosed && s.ctx.Err() == nil
			return again || s.fails(err, yield)
		}
	}
}

// rest starts the pauses anew.
func (s *subscription) rest() { s.pauses = backoff{s.c.timing.backoff, s.c.timing.backoffMax} }

// fails yields err, unless the end of ctx has brought it about. It returns false.
func (s *subscription) fails(err error, yield func(Event, error) bool) bool {
	if s.ctx.Err() == nil {
		yield(Event{}, unavailable(err))
	}
	return false
}

// event returns what a frame tells and notes how far that goes.
func (s *subscription) event(r *wire.Reply) (ev Event, ok bool) {
	ev = Event{
		Kind: r.Event.Event, DB: r.DB, Rev: value(r.Rev), Epoch: value(r.Epoch), State: r.State,
		Tables: r.Tables, Missed: r.Missed, Change: r.Change,
	}
	if r.Subscribed {
		ev.Kind, ev.DB, ev.Missed = EventSubscribed, s.db, s.db == "" && s.count > 1
	}
	// What lies between the rev that was asked for and that of a new
	// subscription is told by the event that follows, and not before.
	switch {
	case s.db == "" || r.Rev == nil:
	case r.Subscribed && s.rev == nil, ev.Kind == EventCommit, ev.Change == wire.ChangeReplaced:
		rev := ev.Rev
		s.rev, s.epoch = &rev, ev.Epoch
	}
	return ev, ev.Kind != ""
}

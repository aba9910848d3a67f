package client

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/wire"
)

// listen subscribes and returns a function that blocks for the next event.
func listen(t *testing.T, c *Client, o SubscribeOptions) (next func() Event) {
	t.Helper()
	pull, stop := iter.Pull2(c.Subscribe(bg(t), o))
	t.Cleanup(stop)
	return func() Event {
		t.Helper()
		ev, err, ok := pull()
		if err != nil || !ok {
			t.Fatalf("got the error %v instead of an event", err)
		}
		return ev
	}
}

// A subscriber is told of commits and of maintenance.
func TestSubscribe(t *testing.T) {
	_, _, c := store(t)
	write(t, c, "a.db", "a")
	next := listen(t, c, SubscribeOptions{DB: "a.db"})
	all := listen(t, c, SubscribeOptions{})
	check(t, nil, next(), Event{Kind: EventSubscribed, DB: "a.db", Rev: 1, Epoch: "e1", State: "open"})
	check(t, nil, all(), Event{Kind: EventSubscribed})
	write(t, c, "b.db", "b")
	write(t, c, "a.db", "c")
	check(t, nil, next(), Event{Kind: EventCommit, DB: "a.db", Rev: 2, Epoch: "e1", Tables: []string{"stars"}})
	got := map[string]int64{}
	for len(got) < 2 {
		ev := all()
		got[ev.DB] = ev.Rev
	}
	check(t, nil, got, map[string]int64{"a.db": 2, "b.db": 1})
	_, err := c.CloseDatabase(bg(t), "a.db", false)
	check(t, err, next(), Event{Kind: EventMaintenance, DB: "a.db", Rev: 2, Epoch: "e1", Change: wire.ChangeClosed})
}

// What was committed before, or while nobody listened, comes as one event that
// says so.
func TestSubscribeMissed(t *testing.T) {
	_, d, c := store(t)
	write(t, c, "a.db", "a")
	seen := write(t, c, "a.db", "b").Rev - 1
	next := listen(t, c, SubscribeOptions{DB: "a.db", Rev: &seen, Epoch: "e1"})
	subscribed := Event{Kind: EventSubscribed, DB: "a.db", Rev: 2, Epoch: "e1", State: "open"}
	missed := Event{Kind: EventCommit, DB: "a.db", Rev: 2, Epoch: "e1", Missed: true}
	all := listen(t, c, SubscribeOptions{})
	check(t, nil, all(), Event{Kind: EventSubscribed})
	check(t, nil, next(), subscribed)
	d.HangUp() // whether the next event has come or not, it is told
	var ev Event
	for ev = next(); ev.Kind == EventSubscribed; ev = next() {
	}
	check(t, nil, ev, missed)
	check(t, nil, all(), Event{Kind: EventSubscribed, Missed: true})
	for {
		write(t, c, "a.db", "c")
		if ev = next(); ev.Kind == EventCommit {
			break
		}
	}
	check(t, nil, ev.Rev >= 3, true)
	check(t, nil, slices.ContainsFunc(d.Requests(), func(r *wire.Request) bool {
		return r.Rev != nil && *r.Rev == seen && r.Epoch == "e1"
	}), true)
}

// A subscription goes on with the next daemon from what it has told, and not
// from where that one is.
func TestSubscribeNextDaemon(t *testing.T) {
	rev := int64(0)
	frame := func(rev int64, subscribed bool) *wire.Reply {
		r, epoch := wire.OK(), "e1"
		r.Rev, r.Epoch, r.Subscribed, r.More = &rev, &epoch, subscribed, true
		if !subscribed {
			r.Event = wire.Event{Event: wire.EventCommit, DB: "a.db"}
		}
		return r
	}
	seen := []int64{}
	end := false
	_, c := served(t, func(call *fakedaemon.Call) bool {
		seen = append(seen, value(call.Rev))
		switch len(seen) {
		case 1: // nothing is known: it goes on from the first frame
			return call.Send(frame(7, true)) && false
		case 2: // the event in between does not come
			return call.Send(frame(9, true)) && false
		case 3:
			return call.Send(frame(9, true)) && call.Send(frame(9, false)) && call.Send(wire.Failure(wire.Errorf(wire.CodeShuttingDown, "Ending.")))
		case 4:
			return call.Send(wire.Failure(wire.Errorf(wire.CodeQueueFull, "Not now.")))
		}
		end = true
		return call.Send(wire.Failure(wire.Errorf(wire.CodeInvalidDatabaseName, "No.")))
	})
	var last error
	for ev, err := range c.Subscribe(bg(t), SubscribeOptions{DB: "a.db"}) {
		rev, last = max(rev, ev.Rev), err
	}
	wantCode(t, last, wire.CodeInvalidDatabaseName)
	check(t, nil, seen, []int64{0, 7, 7, 9, 9})
	check(t, nil, rev, 9)
	check(t, nil, end, true)
	check(t, nil, c.lanesNow(), [2]int{1, 1})
}

// A subscription ends with its context, with its loop and with the client.
func TestSubscribeEnds(t *testing.T) {
	_, d, c := store(t)
	for _, when := range []string{"before", "while it waits"} {
		ctx, cancel := context.WithCancel(bg(t))
		if when == "before" {
			cancel()
		}
		for ev, err := range c.Subscribe(ctx, SubscribeOptions{DB: "a.db"}) {
			check(t, err, ev.Kind, EventSubscribed)
			cancel()
		}
		cancel()
	}
	for range c.Subscribe(bg(t), SubscribeOptions{DB: "a.db"}) {
		break
	}
	var last error
	for _, err := range c.Subscribe(bg(t), SubscribeOptions{DB: "a.db"}) {
		if last = err; err == nil {
			check(t, c.Close(), c.lanesNow(), [2]int{0, 0})
		}
	}
	if wantCode(t, last, wire.CodeUnavailable); !errors.Is(last, ErrClosed) {
		t.Errorf("got %v, want the cause ErrClosed", last)
	}
	check(t, nil, len(d.Requests()) >= 3, true)
}

package feed

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/wire"
)

func commit(db string, rev int64, tables ...string) Event {
	return Event{Event: wire.Event{Event: wire.EventCommit, DB: db, Tables: tables}, Key: db, Rev: rev, Epoch: "e"}
}

func missed(db string, rev int64) Event {
	e := commit(db, rev)
	e.Missed = true
	return e
}

func change(db, what string, rev int64) Event {
	return Event{Event: wire.Event{Event: wire.EventMaintenance, DB: db, Change: what}, Key: db, Rev: rev, Epoch: "e"}
}

// all is what a subscriber gets who comes now.
func all(t *testing.T, s *Subscription) (events []Event) {
	t.Helper()
	for s.Ready() {
		e, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

func TestFeed(t *testing.T) {
	many := make([]string, maxTables+1)
	for i := range many {
		many[i] = fmt.Sprint("t", i)
	}
	for _, tt := range []struct {
		name      string
		published []Event
		of        string
		want      []Event
	}{
		{"commits are merged", []Event{commit("a", 1, "t"), commit("a", 2, "u", "t"), commit("a", 3)}, "a", []Event{commit("a", 3, "t", "u")}},
		{"of one database", []Event{commit("a", 1, "t"), commit("b", 7, "t")}, "b", []Event{commit("b", 7, "t")}},
		{"of all, in turn", []Event{commit("a", 1, "t"), change("a", "closed", 1), commit("b", 7, "t")}, "",
			[]Event{commit("a", 1, "t"), commit("b", 7, "t"), change("a", "closed", 1)}},
		{"not over a change", []Event{commit("a", 1, "t"), change("a", "preparing", 1), change("a", "reopened", 1), commit("a", 2, "u")}, "a",
			[]Event{commit("a", 1, "t"), change("a", "preparing", 1), change("a", "reopened", 1), commit("a", 2, "u")}},
		{"very many tables", []Event{commit("a", 1, many...)}, "a", []Event{missed("a", 1)}},
		{"very many tables in time", []Event{commit("a", 1, many[:maxTables]...), commit("a", 2, many[maxTables])}, "a", []Event{missed("a", 2)}},
		{"missed stays missed", []Event{missed("a", 1), commit("a", 2, "t")}, "a", []Event{missed("a", 2)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var f Feed
			s := f.Subscribe(tt.of)
			defer s.Close()
			for _, e := range tt.published {
				f.Publish(e)
			}
			if diff := cmp.Diff(tt.want, all(t, s)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// One that does not read is owed no more than a few events of each database.
func TestSlowSubscriberIsBounded(t *testing.T) {
	var f Feed
	s := f.Subscribe("")
	defer s.Close()
	for rev := range int64(100_000) {
		f.Publish(commit("a", rev, fmt.Sprint("t", rev)))
		f.Publish(change("a", wire.ChangeClosed, rev))
		f.Publish(change("a", wire.ChangeReopened, rev))
	}
	if n := len(s.owed["a"].events); n > maxEvents {
		t.Errorf("%d events are owed, more than %d", n, maxEvents)
	}
	events := all(t, s)
	if last := events[len(events)-1]; last.Change != wire.ChangeReopened || last.Rev != 99_999 {
		t.Errorf("the last event is %+v", last)
	}
	if first := events[0]; !first.Missed {
		t.Errorf("the first event is %+v, and not that some were missed", first)
	}
	if len(s.owed) != 0 || len(s.order) != 0 {
		t.Errorf("something is kept of what was told: %v, %v", s.owed, s.order)
	}
}

func TestNextWaits(t *testing.T) {
	var f Feed
	s := f.Subscribe("a")
	got := make(chan Event)
	go func() {
		e, _ := s.Next(t.Context())
		got <- e
	}()
	f.Publish(commit("b", 1))
	f.Publish(commit("a", 2, "t"))
	if diff := cmp.Diff(commit("a", 2, "t"), <-got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Next(ctx); err == nil {
		t.Error("Next returns without an event and without an error")
	}
	s.Close()
	if f.Publish(commit("a", 3)); f.Len() != 0 || s.Ready() {
		t.Error("a closed subscription gets events")
	}
}

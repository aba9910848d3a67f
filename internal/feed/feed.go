// Package feed tells subscribers what happens to databases. A publisher never
// waits, and a subscriber that does not keep up gets fewer and larger events:
// what it is owed of one database is bounded (pending.go), whatever happens.
package feed

import (
	"context"
	"sync"

	"github.com/skylinedb/skylinedb/wire"
)

// Event is what happened to one database.
type Event struct {
	wire.Event
	Key   string // of the database's file, whatever its name
	Rev   int64
	Epoch string
}

// Feed passes events on. The zero Feed has no subscribers.
type Feed struct {
	mu   sync.Mutex // guards subs
	subs map[*Subscription]struct{}
}

// Publish tells an event to those who have subscribed to its database. It
// keeps no part of it but its strings.
func (f *Feed) Publish(e Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.subs {
		if s.key == "" || s.key == e.Key {
			s.add(e)
		}
	}
}

// Len returns the number of subscriptions.
func (f *Feed) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.subs)
}

// Subscribe begins a subscription to a database by its key, to all for "".
// Close ends it.
func (f *Feed) Subscribe(key string) *Subscription {
	s := &Subscription{feed: f, key: key, owed: map[string]*pending{}, wake: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.subs == nil {
		f.subs = map[*Subscription]struct{}{}
	}
	f.subs[s] = struct{}{}
	return s
}

// Subscription is one subscriber's.
type Subscription struct {
	feed *Feed
	key  string
	wake chan struct{} // has something when owed has

	mu    sync.Mutex          // guards what follows
	owed  map[string]*pending // by key
	order []string            // the keys of owed, the one that has waited longest first
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	delete(s.feed.subs, s)
}

func (s *Subscription) add(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.owed[e.Key]
	if p == nil {
		p = &pending{}
		s.owed[e.Key] = p
		s.order = append(s.order, e.Key)
	}
	p.add(e)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Next returns the next event, and waits for one until ctx ends, whose error it
// returns.
func (s *Subscription) Next(ctx context.Context) (Event, error) {
	for {
		if e, ok := s.take(); ok {
			return e, nil
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return Event{}, context.Cause(ctx)
		}
	}
}

// Ready reports whether Next would not wait.
func (s *Subscription) Ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.order) > 0
}

func (s *Subscription) take() (Event, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.order) == 0 {
		return Event{}, false
	}
	key := s.order[0]
	s.order = s.order[1:]
	p := s.owed[key]
	e := p.take()
	if len(p.events) == 0 {
		delete(s.owed, key)
	} else { // its turn comes again, behind the others
		s.order = append(s.order, key)
	}
	return e, true
}

package feed

import (
	"slices"

	"github.com/skylinedb/skylinedb/wire"
)

// Bounds of what a subscriber is owed of one database.
const (
	maxEvents = 16  // of maintenance, with commits between them
	maxTables = 256 // of one commit
)

// pending is what one subscriber is owed of one database.
type pending struct{ events []Event }

// add adds an event: to the last, where both are commits.
func (p *pending) add(e Event) {
	if n := len(p.events); n > 0 && p.events[n-1].Event.Event == wire.EventCommit && e.Event.Event == wire.EventCommit {
		merge(&p.events[n-1], e)
		return
	}
	if e.Event.Event == wire.EventCommit {
		e.Tables = slices.Clone(e.Tables)
		bound(&e)
	}
	p.events = append(p.events, e)
	if len(p.events) > maxEvents {
		p.collapse()
	}
}

// merge makes a commit stand for one more.
func merge(into *Event, e Event) {
	into.Missed = into.Missed || e.Missed || into.Epoch != e.Epoch
	into.Rev, into.Epoch = e.Rev, e.Epoch
	for _, t := range e.Tables {
		if len(into.Tables) <= maxTables && !slices.Contains(into.Tables, t) {
			into.Tables = append(into.Tables, t)
		}
	}
	bound(into)
}

// bound makes a commit that concerns very many tables one that tells none.
func bound(e *Event) {
	if e.Missed || len(e.Tables) > maxTables {
		e.Missed, e.Tables = true, nil
	}
}

// collapse leaves two events of many: that something was missed, and the last
// change of maintenance.
func (p *pending) collapse() {
	last := p.events[len(p.events)-1]
	missed := Event{Event: wire.Event{Event: wire.EventCommit, DB: last.DB, Missed: true}, Key: last.Key, Rev: last.Rev, Epoch: last.Epoch}
	kept := []Event{missed}
	for _, e := range slices.Backward(p.events) {
		if e.Event.Event == wire.EventMaintenance {
			kept = append(kept, e)
			break
		}
	}
	p.events = kept
}

// take returns the oldest event. There is one.
func (p *pending) take() Event {
	e := p.events[0]
	p.events = p.events[1:]
	return e
}

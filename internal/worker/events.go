package worker

import (
	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/feed"
	"github.com/skylinedb/skylinedb/wire"
)

// tellCommit tells subscribers of a group that is durable.
func (w *Worker) tellCommit(group []*batch) {
	if w.cfg.Feed == nil {
		return
	}
	wrote := false
	var tables []string
	for _, b := range group {
		if b.did.wrote {
			wrote, tables = true, addTables(tables, b.did.tables)
		}
	}
	if wrote {
		w.tellEvent(wire.Event{Event: wire.EventCommit, Tables: tables})
	}
}

// tellChange tells subscribers of maintenance.
func (w *Worker) tellChange(change string) {
	w.tellEvent(wire.Event{Event: wire.EventMaintenance, Change: change})
}

// tellState tells subscribers of a state that was entered.
func (w *Worker) tellState(s dbfile.State) {
	if s == dbfile.Closed {
		w.tellChange(wire.ChangeClosed)
	} else {
		w.tellChange(wire.ChangePreparing)
	}
}

func (w *Worker) tellEvent(e wire.Event) {
	if w.cfg.Feed == nil {
		return
	}
	w.publish() // who is told may ask at once
	e.DB = w.cfg.Path.Name
	rev, epoch := w.revAndEpoch()
	w.cfg.Feed.Publish(feed.Event{Event: e, Key: w.cfg.Path.Key, Rev: rev, Epoch: epoch})
}

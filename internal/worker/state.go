package worker

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/wire"
)

// state is the maintenance state of the database. The marker beside the file
// is the truth; this is what the worker has read of it or written to it.
type state struct {
	known    bool
	unsynced bool // what the folder holds may not be durable, after a failure
	synced   bool // it was made durable since the worker began
	value    dbfile.State
	marker   dbfile.Marker // of a database that is not open
}

// readState reads the marker, once. What it finds after a failure is made
// durable first: nobody may be told of a state that a power failure undoes.
func (w *Worker) readState() error {
	if w.state.unsynced {
		if err := w.syncState(); err != nil {
			return err
		}
	}
	if w.state.known {
		return nil
	}
	m, found, err := dbfile.ReadMarker(w.cfg.Path.File)
	if err != nil {
		return err
	}
	w.state.known, w.state.value, w.state.marker = true, dbfile.Open, dbfile.Marker{}
	if found {
		w.state.value, w.state.marker = m.State, m
	}
	if w.state.value == dbfile.Closed {
		w.closeDB()
	}
	return nil
}

// syncState makes durable what the folder holds.
func (w *Worker) syncState() error {
	if err := dbfile.SyncDir(w.cfg.disk, filepath.Dir(w.cfg.Path.File)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	w.state.unsynced, w.state.synced = false, true
	return nil
}

// heldAlready makes sure that a state lasts before a client is told that it
// holds already: the daemon that entered it may have died before its sync.
func (w *Worker) heldAlready() error {
	if w.state.synced {
		return nil
	}
	return w.syncState()
}

// enter makes the marker durable and then the state true.
func (w *Worker) enter(s dbfile.State, m dbfile.Marker) error {
	m.State = s
	if err := dbfile.WriteMarker(w.cfg.disk, w.cfg.Path.File, m); err != nil {
		w.lookAgain()
		return err
	}
	w.state.value, w.state.marker, w.state.synced = s, m, true
	w.cfg.Log.Info("maintenance state", "state", s)
	w.tellState(s)
	return nil
}

// enterOpen removes the marker and makes the database open.
func (w *Worker) enterOpen() error {
	if err := dbfile.RemoveMarker(w.cfg.disk, w.cfg.Path.File); err != nil {
		w.lookAgain()
		return err
	}
	left := w.state.marker
	w.state.value, w.state.marker, w.state.synced = dbfile.Open, dbfile.Marker{}, true
	w.cfg.Log.Info("maintenance state", "state", dbfile.Open)
	if _, epoch := w.revAndEpoch(); epoch == left.Epoch {
		w.tellChange(wire.ChangeReopened)
	} else {
		w.tellChange(wire.ChangeReplaced)
	}
	return nil
}

// lookAgain reads the marker after a failure that may have changed it: what
// is on disk decides, as it would after a restart. Where it cannot be read
// the next call tries again.
func (w *Worker) lookAgain() {
	w.state = state{unsynced: true}
	if err := w.readState(); err != nil {
		w.cfg.Log.Warn("maintenance state unknown", "error", err)
	}
}

// admitsWrites refuses batches while the database is in maintenance.
func (w *Worker) admitsWrites() error {
	if err := w.readState(); err != nil {
		return err
	}
	switch w.state.value {
	case dbfile.Open:
		return nil
	case dbfile.Preparing:
		return preparingError()
	case dbfile.Closed:
		return closedError()
	}
	return fmt.Errorf("unknown maintenance state %q", w.state.value)
}

func preparingError() *wire.Error {
	return wire.Errorf(wire.CodeDatabasePreparing, "Database is being prepared for maintenance and takes no writes until ReopenDatabase.")
}

// preparingQuery is what queries are told that are in the way.
func preparingQuery() *wire.Error {
	return wire.Errorf(wire.CodeDatabasePreparing, "Database is being prepared for maintenance and the query was ended: ask again, it can be read when it is prepared.")
}

func closedError() *wire.Error {
	return wire.Errorf(wire.CodeDatabaseClosed, "Database is closed for maintenance until ReopenDatabase.")
}

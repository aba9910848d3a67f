package worker

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/wire"
)

// harm is what somebody did to the database's files, past SQLite, and is not
// healed yet. It outlives the worker, which may find it out when it ends, and
// is handed to the next; but not the daemon.
type harm struct {
	done    dbfile.Tampering
	remains dbfile.Remains // of a log that was damaged
	strange bool           // the log at the path is not known to be the database's
	rev     int64          // before
	epoch   string
}

// otherContent reports whether the file shows something else than before.
func (h *harm) otherContent() bool { return h.done.Has(dbfile.FileReplaced | dbfile.FileOverwritten) }

// noteFiles notes how the connection's files are now that SQLite has changed
// or opened them.
func (w *Worker) noteFiles() {
	if w.db == nil {
		return
	}
	var h dbfile.Handles
	h.File, h.Log, h.Index = w.db.Handles(w.rev.wal)
	w.files = dbfile.TakeFootprint(w.cfg.Path.File, h, w.rev.statePage(w.db))
}

// filesAreOurs reports whether the connection's files are as SQLite left them,
// and gives it up if they are not: a checkpoint would do harm.
func (w *Worker) filesAreOurs() bool {
	t, err := w.tampering()
	if err == nil && t != 0 {
		err = w.letGo(t)
	}
	if err != nil {
		w.cfg.Log.Warn("no checkpoint", "error", err)
	}
	return err == nil && t == 0
}

// tampering says what was done to the connection's files.
func (w *Worker) tampering() (dbfile.Tampering, error) {
	id, _, err := dbfile.Identify(w.cfg.Path.File)
	if err != nil {
		return 0, err
	}
	return w.files.Check(id), nil
}

// letGo gives up a connection whose files were tampered with. It moves nothing
// from the log into the file any more, since one of the two is not what the
// connection takes it for. What the log alone holds is saved before; where that
// fails the connection stays, and the error says what to do.
func (w *Worker) letGo(t dbfile.Tampering) error {
	w.cfg.Log.Warn("somebody tampered with the files of the open database", "what", t)
	w.stopReading(errLetGo, 0)
	// That another file lies there is seen again when it is opened, if it
	// still does then.
	h := harm{done: t &^ dbfile.FileReplaced, rev: w.rev.value, epoch: w.rev.epoch}
	if t.Has(dbfile.LogDamaged) {
		h.remains = w.files.Remains()
		h.strange = h.remains != dbfile.Usable
	}
	if t.Has(dbfile.LogMoved) {
		back, err := w.saveLog(t)
		if err != nil {
			return err
		}
		h.strange = !back
	} else if t.Has(dbfile.FileReplaced) {
		w.drain(t) // what is left in the log keeps the new file from being opened
	}
	w.dropDB(h)
	return nil
}

// saveLog makes durable what is in a log that does not lie at its path any
// more: at the path, which back tells, or, where another log lies by now, in
// the file.
func (w *Worker) saveLog(t dbfile.Tampering) (back bool, err error) {
	if t.Has(dbfile.LogDamaged) || w.files.LogSaved() {
		return false, nil
	}
	if t.Has(dbfile.FileReplaced) { // it went with its file
		w.drain(t)
		return false, nil
	}
	err = w.files.PutLogBack(w.cfg.disk)
	if err == nil || w.drain(t) {
		return err == nil, nil
	}
	return false, &wire.Error{
		Code: wire.CodeIOError, Retryable: true, Cause: errors.Join(errHeld, err),
		Message: "Another log took the place of the open database's, and readers keep what that one holds from being moved into the file: let them finish, or move the other log away, and ask again.",
	}
}

// errHeld is in the chain of an error that must not end the connection: it has
// what is nowhere else.
var errHeld = errors.New("the connection holds a log that was removed")

// drain moves the log into the file, if the connection can be trusted with
// both, and reports whether it has.
func (w *Worker) drain(t dbfile.Tampering) bool {
	if w.db.Broken() || t.Has(dbfile.FileOverwritten|dbfile.LogDamaged|dbfile.IndexDamaged) {
		return false
	}
	done, err := w.db.CheckpointTruncate(w.abort, 0)
	if err != nil {
		w.cfg.Log.Warn("checkpoint failed", "error", err)
	}
	return done && err == nil
}

// dropDB closes the connection without a checkpoint, and leaves what lies
// beside the file.
func (w *Worker) dropDB(h harm) {
	w.stopReading(errLetGo, 0)
	if err := w.db.KeepLog(true); err != nil {
		w.db.GiveUp()
	}
	*w.harm = h
	w.hangUp()
}

// admit says whether the file that is at the path now may be opened after what
// was done, and clears away what would be in the way.
func (w *Worker) admit(h harm, id dbfile.Identity) error {
	file := w.cfg.Path.File
	if h.done&^dbfile.FileReplaced != 0 {
		// Another process may use other side files than those at the path, or
		// remember pages that are others by now. Neither would see the other's
		// locks.
		if used, err := dbfile.InUse(file); err != nil || used {
			return cmp.Or(err, tampered(h))
		}
	}
	if h.remains == dbfile.Torn {
		return wire.Errorf(wire.CodeNotADatabase, "The log was damaged while parts of it were in the file, which may mix old rows with new ones now: close the database, put a good file there and reopen it, or reopen it as it is.")
	}
	// SQLite would delete a log that lies beside an empty file.
	if h.strange || h.otherContent() || id.Size == 0 {
		if err := dbfile.CheckLog(file, dbfile.Marker{}, id); err != nil {
			return err
		}
	}
	if !h.otherContent() {
		return nil
	}
	alone, err := dbfile.Alone(file, shortRead, func() error { return dbfile.RemoveEmptySideFiles(w.cfg.disk, file) })
	if err != nil || alone || dbfile.IndexIsOwn(file) {
		return err
	}
	return tampered(h)
}

func tampered(h harm) error {
	return &wire.Error{
		Code: wire.CodeIOError, Retryable: true,
		Message: fmt.Sprintf("Somebody tampered with the files of the open database (%s), and another process still has it open: let that process close it, then ask again.", h.done),
	}
}

// healed notes that the database is open again after h.
func (w *Worker) healed(h harm) {
	*w.harm = harm{}
	switch {
	case h.otherContent():
		w.cfg.Log.Warn("the database was replaced without being closed first: opened what is there now", "rev", w.rev.value)
		w.rev.pending = newEpoch()
		w.tellChange(wire.ChangeReplaced)
	case h.done == 0:
	case w.rev.value < h.rev || w.rev.epoch != h.epoch:
		w.cfg.Log.Error("acknowledged batches are lost: somebody damaged the log that held them", "rev", w.rev.value, "before", h.rev)
		w.rev.pending = newEpoch()
		w.tellChange(wire.ChangeReplaced)
	default:
		w.cfg.Log.Info("the database is open again, nothing is lost", "rev", w.rev.value)
	}
}

// closeTampered is closeDB after t: nothing can wait any more.
func (w *Worker) closeTampered(t dbfile.Tampering) {
	if err := w.letGo(t); err != nil {
		w.cfg.Log.Error("acknowledged batches may be lost: their log was replaced while it was in use, and cannot be saved", "error", err)
		w.dropDB(harm{done: t, strange: true, rev: w.rev.value, epoch: w.rev.epoch})
	}
}

package worker

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/wire"
)

// uncommitted handles a COMMIT that failed. Its failure does not mean that
// nothing was committed: the frames, with the one that commits, may be in the
// log already when the sync or the growth of the index fails, and whoever opens
// the database next would find them there. So the engine lets go of the file
// and looks.
//
// What was committed is answered. Otherwise each batch runs again by itself,
// so that each gets its own true outcome; one that was by itself has it now.
func (w *Worker) uncommitted(group []*batch, rev int64, cause error) {
	w.cfg.Log.Warn("commit failed", "batches", len(group), "error", cause)
	before, epoch := w.rev.value, w.rev.told()
	w.giveUpTx()
	committed, err := w.settleCommit(before, rev, epoch)
	switch {
	case err != nil:
		w.failAll(group, w.inDoubt(err))
	case committed:
		w.committed(group)
	case len(group) > 1:
		w.runSingly(group)
	default:
		w.fail(group[0], w.outcomeOf(cause))
	}
}

// settleCommit finds out whether the transaction that would have led from rev
// before to rev is in the database. The rev is in the same transaction, which
// makes the answer certain, and it must stay true: neither may a power failure
// take back what is there, nor may it bring back what is not.
//
// The log stays when the connection is closed, for SQLite does not sync one
// that it has emptied or removed: it could come back, with the transaction. A
// connection that is alone makes the index anew from the log as it is; what
// it does not find is in no log that a power failure can leave.
func (w *Worker) settleCommit(before, rev int64, epoch string) (committed bool, err error) {
	w.leaveLog()
	others, err := dbfile.InUse(w.cfg.Path.File)
	if err != nil {
		return false, err
	}
	if !dbfile.HasLog(w.cfg.Path.File) {
		return false, nil
	}
	if err := w.patiently(func() error { return w.openDB(false) }); err != nil {
		return false, err
	}
	w.ckpt.committed(time.Now()) // the log has something
	committed = rev > before && w.rev.value == rev && w.rev.epoch == epoch
	if committed || others {
		err = w.emptyLogDurably()
	}
	return committed, err
}

// leaveLog closes the connection and leaves the log as it is.
func (w *Worker) leaveLog() {
	if w.db == nil {
		return
	}
	if t, _ := w.tampering(); t != 0 {
		w.closeTampered(t)
		return
	}
	w.dropDB(harm{})
}

// emptyLogDurably moves the log into the file, synced: the sync of the log may
// be what has failed.
func (w *Worker) emptyLogDurably() error {
	done, err := w.db.CheckpointTruncate(w.abort, sqlite.BusyTimeout)
	if err != nil {
		return err
	}
	if !done {
		return wire.Errorf(wire.CodeIOError, "The log could not be moved into the file.")
	}
	return w.db.SyncLog()
}

// inDoubt is what the clients are told whose batch may be in the log of a
// database that cannot be opened.
func (w *Worker) inDoubt(cause error) *wire.Error {
	e := &wire.Error{
		Code: wire.CodeIOError, Retryable: true, Cause: cause,
		Message: "The disk failed while the batch was committed, and it cannot be told yet whether it was: ask again with the same request_id.",
	}
	if wire.ErrorCode(w.diskError(cause)) == wire.CodeDiskFull || dbfile.DiskFull(filepath.Dir(w.cfg.Path.File)) {
		e.Code = wire.CodeDiskFull
		e.Message = "The disk became full while the batch was committed, and it cannot be told yet whether it was: make room and ask again with the same request_id."
		w.cfg.Log.Warn("the outcome of a commit is unknown", "error", cause)
		return e
	}
	w.cfg.Log.Error("the outcome of a commit is unknown", "error", cause)
	return e
}

// diskError makes an error of the file one of the disk where that is full.
// SQLite's library loses the system's own word for it on the way.
func (w *Worker) diskError(err error) error {
	e := wire.AsError(err)
	if e.Code != wire.CodeIOError || !strings.HasPrefix(e.SQLiteCode, "SQLITE_IOERR") && !strings.HasPrefix(e.SQLiteCode, "SQLITE_CANTOPEN") {
		return err
	}
	if !dbfile.DiskFull(filepath.Dir(w.cfg.Path.File)) {
		return err
	}
	full := *e
	full.Code, full.Retryable = wire.CodeDiskFull, true
	full.Message = "The disk is full and the batch was rolled back: make room and ask again."
	return &full
}

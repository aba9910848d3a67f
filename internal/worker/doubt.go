package worker

import (
	"path/filepath"
	"strings"

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
	w.closeDB()
	committed, err := w.settleCommit(before, rev, epoch)
	switch {
	case err != nil:
		w.cfg.Log.Error("the outcome of a commit is unknown", "error", err)
		w.failAll(group, inDoubt(err))
	case committed:
		w.committed(group)
	case len(group) > 1:
		w.runSingly(group)
	default:
		w.fail(group[0], w.outcomeOf(cause))
	}
}

// settleCommit finds out whether the transaction that would have led from rev
// before to rev is in the database, and makes that last: neither may a power
// failure take back what is there, nor may it bring back a log that has what
// is not. The rev is in the same transaction, which makes the answer certain.
func (w *Worker) settleCommit(before, rev int64, epoch string) (committed bool, err error) {
	file := w.cfg.Path.File
	if !dbfile.HasLog(file) {
		return false, dbfile.SyncDir(w.cfg.disk, filepath.Dir(file))
	}
	if err := w.patiently(func() error { return w.openDB(false) }); err != nil {
		return false, err
	}
	committed = rev > before && w.rev.value == rev && w.rev.epoch == epoch
	done, err := w.db.CheckpointTruncate(w.abort, sqlite.BusyTimeout)
	if err == nil && !done {
		err = wire.Errorf(wire.CodeIOError, "The log could not be moved into the file.")
	}
	if err == nil && !committed {
		err = w.db.SyncLog()
	}
	return committed, err
}

// inDoubt is what the clients are told whose batch may be in the log of a
// database that cannot be opened.
func inDoubt(err error) *wire.Error {
	return &wire.Error{
		Code: wire.CodeIOError, Retryable: true, Cause: err,
		Message: "The disk failed while the batch was committed, and it cannot be told yet whether it was: ask again with the same request_id.",
	}
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

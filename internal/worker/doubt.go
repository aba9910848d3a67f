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
// and looks. The rev that the transaction would have ended with is in the same
// transaction, which makes the answer certain.
//
// What was committed is answered. Otherwise each batch runs again by itself,
// so that each gets its own true outcome; one that was by itself has it now.
func (w *Worker) uncommitted(group []*batch, rev int64, cause error) {
	w.cfg.Log.Warn("commit failed", "batches", len(group), "error", cause)
	before, epoch := w.rev.value, w.rev.told()
	w.giveUpTx()
	w.closeDB()
	if size, err := dbfile.LogSize(w.cfg.Path.File); err != nil || size > 0 {
		err := w.patiently(func() error { return w.openDB(false) })
		if err == nil && rev > before && w.rev.value == rev && w.rev.epoch == epoch {
			if err = w.makeDurable(); err == nil {
				w.committed(group)
				return
			}
		}
		if err != nil {
			w.cfg.Log.Error("the outcome of a commit is unknown", "error", err)
			w.failAll(group, inDoubt(err))
			return
		}
	}
	if len(group) > 1 {
		w.runSingly(group)
		return
	}
	w.fail(group[0], w.outcomeOf(cause))
}

// makeDurable puts a transaction that was found in the log into the file,
// synced: its own sync may be what has failed.
func (w *Worker) makeDurable() error {
	done, err := w.db.CheckpointTruncate(w.abort, sqlite.BusyTimeout)
	if err == nil && !done {
		err = wire.Errorf(wire.CodeIOError, "The log could not be moved into the file.")
	}
	return err
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

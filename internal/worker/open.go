package worker

import (
	"path/filepath"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/sqlite"
)

// openDB makes sure that there is a connection to the file which is at the
// path now, and creates the file where create allows it.
func (w *Worker) openDB(create bool) error {
	file := w.cfg.Path.File
	id, exists, err := dbfile.Identify(file)
	if err != nil {
		return err
	}
	if w.db != nil && w.db.Broken() {
		w.closeDB()
	}
	if w.db != nil {
		if exists && id.SameFile(w.identity) {
			return nil
		}
		// Someone moved, removed or replaced the file without closing it
		// first. What comes now is for the file that is at the path.
		w.cfg.Log.Warn("the database file was replaced while it was open: opening the new one", "exists", exists)
		w.closeDB()
		return w.openReplaced(create, id, exists)
	}
	if !exists {
		if err := dbfile.CheckFolder(w.cfg.Path); err != nil {
			return err
		}
	}
	if id.Size == 0 {
		// SQLite would delete a log that lies beside an empty file.
		if err := dbfile.CheckLog(file, dbfile.Marker{}, id); err != nil {
			return err
		}
	}
	return w.connect(sqlite.Options{Create: create}, exists)
}

// openReplaced opens a file that took the place of the one that was open. The
// old one's log may still lie there, held by a reader: it must not be applied
// to the new file.
func (w *Worker) openReplaced(create bool, id dbfile.Identity, exists bool) error {
	if exists {
		if err := dbfile.CheckLog(w.cfg.Path.File, dbfile.Marker{}, id); err != nil {
			return err
		}
		if err := dbfile.RemoveEmptySideFiles(w.cfg.Path.File); err != nil {
			return err
		}
	}
	err := w.openDB(create)
	if err == nil {
		w.rev.pending = newEpoch()
	}
	return err
}

// connect opens the file and reads its rev. An error leaves no connection.
func (w *Worker) connect(o sqlite.Options, exists bool) (err error) {
	file := w.cfg.Path.File
	o.Synchronous, o.ForeignKeys = w.cfg.Synchronous, w.cfg.ForeignKeys
	w.db, err = sqlite.Open(file, o)
	if err != nil {
		w.db = nil
		return err
	}
	defer func() {
		if err != nil {
			w.closeDB()
		}
	}()
	if !exists {
		if err := dbfile.SyncDir(filepath.Dir(file)); err != nil {
			return err
		}
	}
	id, _, err := dbfile.Identify(file)
	if err != nil {
		return err
	}
	// An epoch that was told for this file holds; it was not told for another.
	if !id.SameFile(w.identity) {
		w.rev.pending = ""
	}
	w.identity = id
	w.replay = records{}
	if err := w.rev.load(w.db); err != nil {
		return err
	}
	w.cfg.Log.Debug("opened", "rev", w.rev.value, "epoch", w.rev.told())
	return nil
}

// closeDB gives the connection up. SQLite moves the log into the file and
// removes it where nobody else has the file open.
func (w *Worker) closeDB() {
	if w.db == nil {
		return
	}
	if !w.db.Broken() && w.ckpt.dirty {
		if _, err := w.db.CheckpointTruncate(w.abort, 0); err != nil {
			w.cfg.Log.Warn("checkpoint failed", "error", err)
		}
	}
	if err := w.db.Close(); err != nil {
		w.cfg.Log.Warn("close failed", "error", err)
	}
	w.db = nil
	w.ckpt = checkpointPolicy{}
}

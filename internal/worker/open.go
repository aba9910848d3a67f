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
	}
	// Known still when the first try to open the new file has failed, and
	// when another worker had the old one open.
	replaced := w.identity != dbfile.Identity{} && !(exists && id.SameFile(w.identity))
	if replaced && exists {
		err = w.dropOldSideFiles(id)
	} else if id.Size == 0 {
		// SQLite would delete a log that lies beside an empty file.
		err = dbfile.CheckLog(file, dbfile.Marker{}, id)
	}
	if err == nil && !exists {
		err = dbfile.CheckFolder(w.cfg.Path)
	}
	if err != nil {
		return err
	}
	err = w.connect(sqlite.Options{Create: create}, exists)
	if err == nil && replaced {
		w.rev.pending = newEpoch()
	}
	return err
}

// dropOldSideFiles removes what belonged to the file whose place the one with
// identity id has taken. The old one's log may still lie there, held by a
// reader: it must not be applied to the new file.
func (w *Worker) dropOldSideFiles(id dbfile.Identity) error {
	if err := dbfile.CheckLog(w.cfg.Path.File, dbfile.Marker{}, id); err != nil {
		return err
	}
	return dbfile.RemoveEmptySideFiles(w.cfg.disk, w.cfg.Path.File)
}

// connect opens the file and reads its rev. An error leaves no connection.
func (w *Worker) connect(o sqlite.Options, exists bool) (err error) {
	file := w.cfg.Path.File
	o.Synchronous, o.ForeignKeys, o.VFS = w.cfg.Synchronous, w.cfg.ForeignKeys, w.cfg.vfs
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
		if err := dbfile.SyncDir(w.cfg.disk, filepath.Dir(file)); err != nil {
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
	w.replay = records{}
	if err := w.rev.load(w.db); err != nil {
		return err
	}
	w.identity = id
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

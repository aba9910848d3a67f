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
		t := w.files.Check(id)
		if t == 0 {
			return nil
		}
		if err := w.letGo(t); err != nil {
			return err
		}
	}
	if err := dbfile.CheckFile(w.cfg.Path); err != nil {
		return err
	}
	h := *w.harm
	// Known still when the first try to open the new file has failed, and
	// when another worker had the old one open. What was done to that does not
	// matter any more.
	if w.identity != (dbfile.Identity{}) && !(exists && id.SameFile(w.identity)) {
		h = harm{done: dbfile.FileReplaced}
	}
	if err := w.admit(h, id); err != nil {
		return err
	}
	if !exists {
		if err := dbfile.CheckFolder(w.cfg.Path); err != nil {
			return err
		}
	}
	if err := w.connect(sqlite.Options{Create: create}, exists); err != nil {
		if h.otherContent() {
			err = asNotADatabase(err)
		}
		return err
	}
	w.healed(h)
	return nil
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
	w.noteFiles()
	w.readers.admit(id)
	w.cfg.Log.Debug("opened", "rev", w.rev.value, "epoch", w.rev.told())
	return nil
}

// closeDB gives the connection up. SQLite moves the log into the file and
// removes it where nobody else has the file open.
func (w *Worker) closeDB() {
	if w.db == nil {
		return
	}
	w.stopReading(errLetGo, 0)
	if t, _ := w.tampering(); t != 0 {
		w.closeTampered(t)
		return
	}
	if !w.db.Broken() && w.ckpt.dirty {
		if _, err := w.db.CheckpointTruncate(w.abort, 0); err != nil {
			w.cfg.Log.Warn("checkpoint failed", "error", err)
		}
	}
	w.hangUp()
}

func (w *Worker) hangUp() {
	if err := w.db.Close(); err != nil {
		w.cfg.Log.Warn("close failed", "error", err)
	}
	w.db, w.files = nil, nil
	w.ckpt = checkpointPolicy{}
}

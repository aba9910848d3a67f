package worker

import (
	"errors"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/wire"
)

// shortRead is how long those are waited for who have a file open that came in
// another's place. Nobody else can open it meanwhile: programs with a busy
// time-out wait, as long as this is shorter.
const shortRead = 250 * time.Millisecond

// ping tells rev, epoch and state. It opens a file that exists, if it may, and
// creates none.
func (w *Worker) ping() (*wire.Reply, error) {
	if err := w.readState(); err != nil {
		return nil, err
	}
	if w.state.value != dbfile.Closed {
		if err := w.openExisting(); err != nil {
			return nil, err
		}
	}
	return w.tell(wire.OK()), nil
}

// tell adds rev, epoch and state to a reply.
func (w *Worker) tell(r *wire.Reply) *wire.Reply {
	rev, epoch := w.revAndEpoch()
	r.Rev, r.Epoch, r.State = &rev, &epoch, string(w.state.value)
	return r
}

func (w *Worker) revAndEpoch() (int64, string) {
	if w.state.value == dbfile.Closed {
		return w.state.marker.Rev, w.state.marker.Epoch
	}
	return w.rev.value, w.rev.told()
}

// openExisting opens the database without creating it. Where there is no file
// there is no connection afterwards, and no error.
func (w *Worker) openExisting() error {
	_, exists, err := dbfile.Identify(w.cfg.Path.File)
	if err != nil {
		return err
	}
	if !exists {
		w.closeDB()
		w.rev = revision{}
		return nil
	}
	return w.patiently(func() error { return w.openDB(false) })
}

// patiently repeats f while another process holds a lock, up to the busy
// time-out and a little more.
func (w *Worker) patiently(f func() error) error {
	end := time.Now().Add(2 * sqlite.BusyTimeout)
	for {
		err := f()
		if !errors.Is(err, sqlite.ErrBusy) {
			return err
		}
		if time.Now().After(end) || w.abort.Err() != nil {
			return timedOut("while another process held the lock on the database; nothing was done")
		}
	}
}

// prepare empties the log into the file and refuses writes from then on.
func (w *Worker) prepare() (*wire.Reply, error) {
	r := wire.OK()
	r.Checkpointed = true
	switch w.state.value {
	case dbfile.Closed:
		return nil, closedError()
	case dbfile.Preparing:
		r.Already = true
		return r, w.heldAlready()
	}
	if err := w.openExisting(); err != nil {
		return nil, err
	}
	w.stopReading(preparingQuery(), readGrace)
	defer w.readAgain()
	if err := w.emptyLog(); err != nil {
		return nil, err
	}
	m, err := w.newMarker()
	if err != nil {
		return nil, err
	}
	return r, w.enter(dbfile.Preparing, m)
}

// emptyLog moves the whole log into the file, or says that readers are in
// the way.
func (w *Worker) emptyLog() error {
	if w.db == nil {
		return nil
	}
	done, err := w.db.CheckpointTruncate(w.abort, sqlite.BusyTimeout)
	if err != nil {
		return err
	}
	if size, err := dbfile.LogSize(w.cfg.Path.File); err != nil || done && size > 0 {
		done = false
	}
	if !done {
		return wire.Errorf(wire.CodeCheckpointBusy, "Readers of the database kept its log from being emptied: let them finish and ask again.")
	}
	w.ckpt = checkpointPolicy{}
	w.noteFiles()
	return nil
}

// newMarker describes the database as it is now.
func (w *Worker) newMarker() (dbfile.Marker, error) {
	id, exists, err := dbfile.Identify(w.cfg.Path.File)
	if err != nil {
		return dbfile.Marker{}, err
	}
	if w.harm.done != 0 { // what lies there is not what was open
		id = dbfile.Identity{}
	}
	rev, epoch := w.revAndEpoch()
	return dbfile.Marker{Identity: id, Existed: exists, Rev: rev, Epoch: epoch, Since: time.Now()}, nil
}

// close empties the log, gives up every handle and lock, and makes that last.
func (w *Worker) close(exclusive bool) (*wire.Reply, error) {
	if w.state.value == dbfile.Closed {
		return w.closedAlready(exclusive)
	}
	err := w.openExisting()
	// A file that is no database can be closed, so that it can be replaced.
	if err != nil && wire.ErrorCode(asNotADatabase(err)) != wire.CodeNotADatabase {
		return nil, err
	}
	w.stopReading(closedError(), readGrace)
	defer w.readAgain()
	if err := w.emptyLog(); err != nil {
		return nil, err
	}
	readers := false
	if w.db != nil {
		if readers, err = w.db.OthersRemain(); err != nil {
			w.closeDB()
			return nil, err
		}
		w.closeDB()
	}
	if readers && exclusive {
		if readers, err = w.awaitReaders(); err != nil {
			return nil, err
		}
	}
	if readers && exclusive {
		return nil, readersRemain()
	}
	m, err := w.newMarker()
	if err != nil {
		return nil, err
	}
	if err := w.enter(dbfile.Closed, m); err != nil {
		return nil, err
	}
	return closedReply(readers), nil
}

// awaitReaders gives those who have the file open a moment to close it, as those
// do who have heard that it is closed, and reports whether somebody stays.
func (w *Worker) awaitReaders() (remain bool, err error) {
	file := w.cfg.Path.File
	for end := time.Now().Add(readGrace); ; {
		if remain, err = dbfile.InUse(file); err != nil || !remain || time.Now().After(end) {
			break
		}
		select {
		case <-time.After(time.Millisecond):
		case <-w.abort.Done():
			return true, nil
		}
	}
	if err == nil && !remain {
		_, err = dbfile.Alone(file, 0, func() error { return dbfile.RemoveEmptySideFiles(w.cfg.disk, file) })
	}
	return remain, err
}

func (w *Worker) closedAlready(exclusive bool) (*wire.Reply, error) {
	if err := w.heldAlready(); err != nil {
		return nil, err
	}
	readers, err := dbfile.InUse(w.cfg.Path.File)
	if err != nil {
		return nil, err
	}
	if readers && exclusive {
		return nil, readersRemain()
	}
	if !readers {
		// Whoever had the file open left these; a log with content stays.
		_, err := dbfile.Alone(w.cfg.Path.File, 0, func() error { return dbfile.RemoveEmptySideFiles(w.cfg.disk, w.cfg.Path.File) })
		if err != nil {
			w.cfg.Log.Warn("files beside the closed database stay", "error", err)
		}
	}
	r := closedReply(readers)
	r.Already = true
	return r, nil
}

func closedReply(readers bool) *wire.Reply {
	r := wire.OK()
	r.Closed, r.ReadersRemaining = true, &readers
	return r
}

func readersRemain() *wire.Error {
	return wire.Errorf(wire.CodeReadersRemain, "Another process has the database open: let it close the file and ask again.")
}

// reopen looks at the file that is there now and opens the database again.
func (w *Worker) reopen() (*wire.Reply, error) {
	r := wire.OK()
	r.Reopened, r.Already = true, w.state.value == dbfile.Open
	if r.Already {
		if err := w.heldAlready(); err != nil {
			return nil, err
		}
		if err := w.openExisting(); err != nil {
			return nil, err
		}
	} else {
		// A connection that was kept while the database was prepared would not
		// see that the file was written to, past SQLite, since then.
		w.closeDB()
		if err := w.takeBack(); err != nil {
			w.closeDB()
			return nil, err
		}
		*w.harm = harm{}
	}
	if !r.Already {
		if err := w.enterOpen(); err != nil {
			return nil, err
		}
	}
	w.tell(r)
	r.State = ""
	return r, nil
}

// takeBack opens a file that may be another one than the worker gave up.
func (w *Worker) takeBack() error {
	file, left := w.cfg.Path.File, w.state.marker
	if err := dbfile.CheckFile(w.cfg.Path); err != nil {
		return err
	}
	if w.harm.done != 0 {
		if used, err := dbfile.InUse(file); err != nil || used {
			if err == nil {
				err = readersRemain()
			}
			return err
		}
	}
	id, exists, err := dbfile.Identify(file)
	if err != nil {
		return err
	}
	size, err := dbfile.LogSize(file)
	if err != nil {
		return err
	}
	if err := dbfile.CheckLog(file, left, id); err != nil {
		return err
	}
	if !exists {
		w.rev = revision{}
		return dbfile.RemoveEmptySideFiles(w.cfg.disk, file)
	}
	if err := w.dropSideFiles(id, size); err != nil {
		return err
	}
	w.identity = dbfile.Identity{}
	if err := w.connectAgain(size > 0); err != nil {
		return err
	}
	if !left.Existed || !id.Unchanged(left.Identity) || size > 0 {
		w.rev.pending = newEpoch()
	} else if left.Epoch != "" && left.Epoch != w.rev.epoch {
		w.rev.pending = left.Epoch // told before, and not in the file yet
	}
	return nil
}

// dropSideFiles removes what the file left that was there before the one with
// identity id, with a log of that size beside it, while nobody has the file
// open; short readers are waited for. Who has it open for longer may go on with
// an index that is not the file's, be the file the old one written over or the
// new one before it was reopened: nobody may write then. A clean index that was
// made for the file that is there now is good for all.
func (w *Worker) dropSideFiles(id dbfile.Identity, log int64) error {
	file, left := w.cfg.Path.File, w.state.marker
	unchanged := left.Existed && id.Unchanged(left.Identity)
	if unchanged && (log > 0 || !dbfile.UsesLog(file) || dbfile.IndexIsClean(file)) {
		return nil // the index is the log's, as CheckLog has found, or says nothing
	}
	alone, err := dbfile.Alone(file, shortRead, func() error { return dbfile.RemoveEmptySideFiles(w.cfg.disk, file) })
	if err != nil || alone {
		return err
	}
	// A reader that had just come may have made the index meanwhile.
	replaced := !left.Existed || !id.SameFile(left.Identity)
	if unchanged && dbfile.IndexIsClean(file) || replaced && dbfile.IndexIsOwn(file) {
		return nil
	}
	return readersRemain()
}

// connectAgain opens the file that is there. A log beside it that turns out
// not to fit must stay, and out of the file.
func (w *Worker) connectAgain(log bool) error {
	err := w.patiently(func() error { return w.connect(sqlite.Options{KeepLog: log}, true) })
	if !log {
		return asNotADatabase(err)
	}
	intact := false
	if err == nil {
		intact, err = w.db.Intact()
	}
	// What a log makes of a file may look like no database at all.
	if code := wire.ErrorCode(asNotADatabase(err)); err == nil && !intact || code == wire.CodeNotADatabase {
		return wire.Errorf(wire.CodeStaleWAL, "The log \"%s-wal\" does not fit the database beside it: move it away, or bring the file it belongs to.", w.cfg.Path.Name)
	}
	if err != nil {
		return err
	}
	return w.db.KeepLog(false)
}

// asNotADatabase says of a file that just came, and that SQLite finds damaged,
// that it is none.
func asNotADatabase(err error) error {
	if e, ok := errors.AsType[*wire.Error](err); ok && sqlite.IsCorrupt(e) {
		return &wire.Error{Code: wire.CodeNotADatabase, Message: "The file is damaged and cannot be opened: " + e.Message, SQLiteCode: e.SQLiteCode, Cause: err}
	}
	return err
}

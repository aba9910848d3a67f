package worker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"

	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/wire"
)

// The daemon's own tables. A reader that opens the file directly asks
//
//	SELECT rev, epoch FROM _skylinedb_state
const (
	createState = `CREATE TABLE IF NOT EXISTS _skylinedb_state(
	id INTEGER PRIMARY KEY CHECK(id = 1), rev INTEGER NOT NULL, epoch TEXT NOT NULL)`
	createRequests = `CREATE TABLE IF NOT EXISTS _skylinedb_requests(
	seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, digest BLOB NOT NULL, at INTEGER NOT NULL, reply TEXT NOT NULL)`
	findState  = `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '_skylinedb_state'`
	findTables = `SELECT count(*) FROM sqlite_schema
	WHERE type = 'table' AND lower(name) IN ('_skylinedb_state', '_skylinedb_requests')`
	findStrangers = `SELECT count(*) FROM sqlite_schema
	WHERE type = 'trigger' AND lower(tbl_name) IN ('_skylinedb_state', '_skylinedb_requests')
	OR type = 'view' AND lower(name) IN ('_skylinedb_state', '_skylinedb_requests')`
	readRev = `SELECT rev, epoch FROM _skylinedb_state WHERE id = 1`
	// The page of the state differs between any two states of a database.
	findStatePage = `SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = '_skylinedb_state'`
	storeRev      = `INSERT INTO _skylinedb_state(id, rev, epoch) VALUES(1, ?1, ?2)
	ON CONFLICT(id) DO UPDATE SET rev = excluded.rev, epoch = excluded.epoch`
)

// revision is a database's rev and epoch, and how far its file is prepared to
// hold them.
type revision struct {
	value   int64
	epoch   string // in the file
	pending string // an epoch that was told and is not in the file yet

	tables bool // the file has the daemon's tables
	wal    bool // the file has a write-ahead log
	wanted bool // a batch of the group wants to write: the next transaction makes the tables
	making bool // the present transaction makes them
	proven bool // a batch was found good: the file may get its log
}

// told returns the epoch that clients see.
func (r *revision) told() string {
	if r.pending != "" {
		return r.pending
	}
	return r.epoch
}

// writable reports whether a batch may write: the file is as the engine needs
// it, or becomes so in this transaction.
func (r *revision) writable() bool { return r.making || r.tables && r.wal && r.pending == "" }

// tablesVisible reports whether the present transaction sees the tables.
func (r *revision) tablesVisible() bool { return r.tables || r.making }

// load reads what the file holds. It is the first read of a file that was just
// opened, so it also tells whether the file is a database at all.
func (r *revision) load(db *sqlite.Conn) error {
	*r = revision{pending: r.pending}
	var tables, strangers int64
	if err := db.Query(func(row sqlite.Row) error { tables = row.Int(0); return nil }, findTables); err != nil {
		return err
	}
	if err := db.Query(func(row sqlite.Row) error { strangers = row.Int(0); return nil }, findStrangers); err != nil {
		return err
	}
	wal, err := db.UsesWAL()
	if err != nil {
		return err
	}
	r.wal, r.tables = wal, tables == 2
	if tables+strangers > 0 {
		found := 0
		err := db.Query(func(row sqlite.Row) error {
			r.value, r.epoch = row.Int(0), row.Text(1)
			found++
			return nil
		}, readRev)
		if err == nil && r.tables {
			err = checkShape(db)
		}
		// A file may come from anywhere: its tables of these names could be
		// anything, and a trigger on them would run with each batch.
		if ownErr(err) || strangers > 0 || err == nil && found == 0 {
			return wire.Errorf(wire.CodeNotADatabase, "The tables _skylinedb_… in the file are not the daemon's: drop them with sqlite3, or replace the file.")
		}
		if err != nil {
			return err
		}
	}
	if !r.tables && r.pending == "" {
		r.pending = newEpoch()
	}
	return nil
}

// checkShape fails where the daemon's statements do not fit its tables.
func checkShape(db *sqlite.Conn) error {
	for _, sql := range []string{storeRev, findRecord, addRecord, dropOldest, dropExpired} {
		if err := db.Compile(sql); err != nil {
			return err
		}
	}
	return nil
}

// ownErr reports whether reading the daemon's table failed by its shape.
func ownErr(err error) bool {
	e, ok := errors.AsType[*wire.Error](err)
	return ok && e.Code == wire.CodeSQLError
}

// adopt makes the daemon's tables in the transaction that is open, where a
// batch wants to write and the file lacks them or has another epoch.
func (r *revision) adopt(db *sqlite.Conn) error {
	if !r.wanted || r.tables && r.wal && r.pending == "" {
		return nil
	}
	if err := db.Exec(createState); err != nil {
		return err
	}
	if err := db.Exec(createRequests); err != nil {
		return err
	}
	r.making = true
	return nil
}

// store writes the rev that the transaction ends with.
func (r *revision) store(db *sqlite.Conn, rev int64) error {
	return db.Exec(storeRev, rev, r.told())
}

// committed notes that a transaction which ended with rev is in the file.
func (r *revision) committed(rev int64) {
	r.value, r.epoch, r.pending = rev, r.told(), ""
	r.tables, r.making, r.wanted = r.tables || r.making, false, false
}

// forgetTx notes that the present transaction was given up. A batch that
// wants to write still does, in the next one.
func (r *revision) forgetTx() { r.making = false }

// enableLog switches the file to a log, which no transaction can hold. It is
// done when a batch has run to its end and was rolled back for this: a batch
// that fails must leave the file as it was.
func (w *Worker) enableLog(ctx context.Context) error {
	if !w.rev.proven || w.rev.wal {
		return nil
	}
	w.stopReading(errLetGo, readGrace) // they would be in the way
	defer w.readers.admit(w.identity)
	err := w.db.EnableWAL(ctx)
	w.rev.wal = err == nil
	w.noteFiles()
	return err
}

// reload reads the file again in a transaction that found it changed by
// another process. It reports whether that has put other content in its place.
func (r *revision) reload(db *sqlite.Conn) (replaced bool, err error) {
	before := *r
	err = r.load(db)
	r.wanted = before.wanted
	replaced = err == nil && (r.value != before.value || r.epoch != before.epoch)
	if replaced {
		r.pending = newEpoch()
	}
	return replaced, err
}

// statePage returns the number of the page that holds rev and epoch, 0 if
// there is none.
func (r *revision) statePage(db *sqlite.Conn) (page int64) {
	if !r.tables {
		return 0
	}
	if err := db.Query(func(row sqlite.Row) error { page = row.Int(0); return nil }, findStatePage); err != nil {
		return 0
	}
	return page
}

// newEpoch returns a random id of 128 bits.
func newEpoch() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

package sqlite

import (
	"context"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/wire"
)

// Begin starts a transaction that may write (BEGIN IMMEDIATE). [ErrBusy]
// means that another process holds the write lock, [ErrInterrupted] that ctx
// ended while it was waited for.
func (c *Conn) Begin(ctx context.Context) error {
	old := c.db.SetInterrupt(ctx)
	defer c.db.SetInterrupt(old)
	if err := c.exec(`BEGIN IMMEDIATE`); err != nil {
		return translate(err, "begin a transaction")
	}
	c.foreign = c.noteVersion()
	return nil
}

// BeginRead starts a transaction that reads. What it sees is settled by its
// first statement. [Conn.Rollback] ends it.
// https://sqlite.org/isolation.html
func (c *Conn) BeginRead() error {
	return translate(c.exec(`BEGIN`), "begin to read")
}

// Commit commits the transaction. After an error it may still be open.
func (c *Conn) Commit() error {
	run := func() error { return c.exec(`COMMIT`) }
	log, err := c.log()
	if joined, ok := log.(*logFile); ok && err == nil {
		err = joined.commit(run)
	} else {
		err = run()
	}
	c.noteVersion()
	return translate(err, "commit")
}

// Rollback undoes the transaction, if one is open.
func (c *Conn) Rollback() error {
	if !c.InTx() {
		return nil
	}
	err := c.exec(`ROLLBACK`)
	c.noteVersion()
	return translate(err, "roll back")
}

// ForeignWrite reports whether another process may have written to the
// database between the present transaction and the one before it on this
// connection. It says so as well of the first one, and after one that SQLite
// ended by itself.
func (c *Conn) ForeignWrite() bool { return c.foreign }

// noteVersion remembers the version of the content and reports whether it has
// changed. https://sqlite.org/c3ref/c_fcntl_begin_atomic_write.html,
// "SQLITE_FCNTL_DATA_VERSION"
func (c *Conn) noteVersion() (changed bool) {
	before := c.version
	_ = c.guard(func() error {
		v, err := c.db.FileControl("main", sqlite3.FCNTL_DATA_VERSION)
		if version, ok := v.(uint32); ok {
			c.version = version
		}
		return err
	})
	return c.version != before
}

// DataVersion returns a number that changes when another connection commits.
// https://sqlite.org/pragma.html#pragma_data_version
func (c *Conn) DataVersion() (version int64, err error) {
	err = c.query(func(r Row) error {
		version = r.Int(0)
		return nil
	}, `PRAGMA data_version`)
	return version, translate(err, "read the data version")
}

// Savepoint is a place in a transaction that can be returned to.
type Savepoint int

// The savepoints that the engine uses, the second within the first.
const (
	BatchSavepoint Savepoint = iota
	StatementSavepoint
)

// savepoints are the statements of each.
var savepoints = [...]struct{ set, release, rollback string }{
	BatchSavepoint:     {`SAVEPOINT batch`, `RELEASE batch`, `ROLLBACK TO batch`},
	StatementSavepoint: {`SAVEPOINT statement`, `RELEASE statement`, `ROLLBACK TO statement`},
}

// Savepoint marks the place s.
func (c *Conn) Savepoint(s Savepoint) error {
	return translate(c.exec(savepoints[s].set), "set a savepoint")
}

// ReleaseSavepoint forgets s and those within it and keeps what came after.
func (c *Conn) ReleaseSavepoint(s Savepoint) error {
	return translate(c.exec(savepoints[s].release), "release a savepoint")
}

// RollbackToSavepoint undoes what came after s and forgets it.
func (c *Conn) RollbackToSavepoint(s Savepoint) error {
	if err := c.exec(savepoints[s].rollback); err != nil {
		return translate(err, "roll back to a savepoint")
	}
	return c.ReleaseSavepoint(s)
}

// EnableWAL switches the database to a write-ahead log, which stays with the
// file; nothing changes where it has one. It must be called outside of a
// transaction. [ErrBusy] means that another process reads the file,
// [ErrInterrupted] that ctx ended while it did.
// https://sqlite.org/wal.html
func (c *Conn) EnableWAL(ctx context.Context) error {
	old := c.db.SetInterrupt(ctx)
	defer c.db.SetInterrupt(old)
	mode := ""
	err := c.query(func(r Row) error {
		mode = r.Text(0)
		return nil
	}, `PRAGMA journal_mode=WAL`)
	if err == nil && mode != "wal" {
		return wire.Errorf(wire.CodeIOError, "The database cannot have a write-ahead log (its journal mode stays %q): is it on a network file system?", mode)
	}
	return translate(err, "switch to a write-ahead log")
}

// UsesWAL reports whether the database has a write-ahead log.
func (c *Conn) UsesWAL() (wal bool, err error) {
	err = c.query(func(r Row) error {
		wal = r.Text(0) == "wal"
		return nil
	}, `PRAGMA journal_mode`)
	return wal, translate(err, "read the journal mode")
}

// Intact runs SQLite's integrity check and reports whether it found nothing.
// https://sqlite.org/pragma.html#pragma_integrity_check
func (c *Conn) Intact() (ok bool, err error) {
	err = c.query(func(r Row) error {
		ok = r.Text(0) == "ok"
		return nil
	}, `PRAGMA integrity_check(1)`)
	return ok, translate(err, "check the database")
}

// DeferredViolations reports whether the transaction would fail to commit by
// a deferred foreign key. RELEASE does not check them.
// https://sqlite.org/foreignkeys.html#fk_deferred
func (c *Conn) DeferredViolations() (bool, error) {
	n, _, err := c.db.Status(sqlite3.DBSTATUS_DEFERRED_FKS, false)
	return n != 0, translate(err, "look for foreign key violations")
}

// ForgetInsert sets last_insert_rowid() to 0, so that a batch does not see
// another client's.
func (c *Conn) ForgetInsert() { c.db.SetLastInsertRowID(0) }

// LastInsertRowID returns the rowid of the last INSERT since ForgetInsert.
func (c *Conn) LastInsertRowID() int64 { return c.db.LastInsertRowID() }

// Exec runs one of the engine's own statements with its arguments (int64,
// string, []byte). The statements are kept, so sql must be constant text.
func (c *Conn) Exec(sql string, args ...any) error {
	return translate(c.exec(sql, args...), "update the daemon's tables")
}

// Compile compiles a statement of Exec or Query, which shows whether the tables
// that it is for have its columns, and keeps it.
func (c *Conn) Compile(sql string) error {
	err := c.guard(func() error {
		_, err := c.ownStmt(sql)
		return err
	})
	return translate(err, "read the daemon's tables")
}

// Changes returns the number of rows that the last Exec inserted, updated or
// deleted.
func (c *Conn) Changes() int64 { return c.db.Changes() }

// Query is Exec for a statement that returns rows: it calls row for each, with
// a function per column.
func (c *Conn) Query(row func(Row) error, sql string, args ...any) error {
	return translate(c.query(row, sql, args...), "read the daemon's tables")
}

// Row gives the columns of the row that a query stands on.
type Row struct{ st *sqlite3.Stmt }

// Int returns column i as an integer.
func (r Row) Int(i int) int64 { return r.st.ColumnInt64(i) }

// Text returns column i as text.
func (r Row) Text(i int) string { return r.st.ColumnText(i) }

// Blob returns a copy of column i as bytes.
func (r Row) Blob(i int) []byte { return r.st.ColumnBlob(i, nil) }

func (c *Conn) exec(sql string, args ...any) error {
	return c.query(nil, sql, args...)
}

func (c *Conn) query(row func(Row) error, sql string, args ...any) error {
	return c.guard(func() error {
		st, err := c.ownStmt(sql)
		if err != nil {
			return err
		}
		for i, a := range args {
			if err := bindArg(st, i+1, a); err != nil {
				return err
			}
		}
		for row != nil && st.Step() {
			if err := row(Row{st}); err != nil {
				st.Reset()
				return err
			}
		}
		if row == nil {
			return st.Exec()
		}
		err = st.Err()
		st.Reset()
		return err
	})
}

func (c *Conn) ownStmt(sql string) (*sqlite3.Stmt, error) {
	if st, ok := c.own[sql]; ok {
		return st, nil
	}
	st, _, err := c.db.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT)
	if err == nil {
		c.own[sql] = st
	}
	return st, err
}

func bindArg(st *sqlite3.Stmt, i int, arg any) error {
	switch a := arg.(type) {
	case int64:
		return st.BindInt64(i, a)
	case []byte:
		return st.BindBlob(i, a)
	default:
		return st.BindText(i, a.(string))
	}
}

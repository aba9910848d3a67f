package sqlite

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// Conn is a database's write connection, or one that only reads. It is not safe
// for concurrent use.
type Conn struct {
	db    *sqlite3.Conn
	file  vfs.File // the database file, in case db cannot be closed
	gate  gate
	cache stmtCache
	own   map[string]*sqlite3.Stmt // the engine's statements, as many as the code has

	synchronous Synchronous
	walPages    int    // pages in the log after the last commit
	version     uint32 // of the content, as this connection saw it last
	foreign     bool   // another process wrote before the present transaction
	broken      bool   // a fault was caught: its state is unknown
}

// Options say how a database is opened.
type Options struct {
	Create      bool // make the file where there is none
	ReadOnly    bool // for [Conn.BeginRead] alone
	KeepLog     bool // see [Conn.KeepLog]
	Synchronous Synchronous
	ForeignKeys bool
	// VFS names the file layer, empty for the real one. Tests have one whose
	// disk fails.
	VFS string
}

// minVersion is the first release without the defect by which two connections
// that write and checkpoint at once corrupt a file
// (https://sqlite.org/wal.html#walresetbug).
const minVersion = "3.51.3"

// Version returns the version of the SQLite library.
func Version() (string, error) {
	db, err := sqlite3.OpenFlags(":memory:", sqlite3.OPEN_READWRITE)
	if err != nil {
		return "", fmt.Errorf("ask SQLite for its version: %w", err)
	}
	defer db.Close()
	st, _, err := db.Prepare(`SELECT sqlite_version()`)
	if err != nil {
		return "", fmt.Errorf("ask SQLite for its version: %w", err)
	}
	defer st.Close()
	st.Step()
	return st.ColumnText(0), st.Err()
}

// CheckVersion refuses a SQLite library that is too old to be trusted.
func CheckVersion() error {
	v, err := Version()
	if err == nil && olderThan(v, minVersion) {
		err = fmt.Errorf("SQLite %s can corrupt a database (https://sqlite.org/wal.html#walresetbug): build with %s or later", v, minVersion)
	}
	return err
}

func olderThan(v, than string) bool {
	a, b := strings.Split(v, "."), strings.Split(than, ".")
	for i := range min(len(a), len(b)) {
		x, _ := strconv.Atoi(a[i])
		y, _ := strconv.Atoi(b[i])
		if x != y {
			return x < y
		}
	}
	return len(a) < len(b)
}

// Open opens the database in file, an absolute path that is not a symbolic
// link. It writes nothing; a file that is not a database is found out here or
// by the first read. Errors are an [wire.Error], or [ErrBusy].
func Open(file string, o Options) (_ *Conn, err error) {
	name, flags := nameAndFlags(file, o)
	c := &Conn{own: map[string]*sqlite3.Stmt{}, synchronous: o.Synchronous}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	err = c.guard(func() error {
		if c.db, err = sqlite3.OpenFlags(name, flags); err != nil {
			return err
		}
		if err := c.applySettings(o); err != nil {
			return err
		}
		f, err := c.db.FileControl("main", sqlite3.FCNTL_FILE_POINTER)
		c.file, _ = f.(vfs.File)
		return err
	})
	if err != nil {
		return nil, translate(err, "open the database")
	}
	return c, nil
}

// nameAndFlags returns what SQLite is told to open. Only a URI can name a file
// layer. https://sqlite.org/uri.html
func nameAndFlags(file string, o Options) (string, sqlite3.OpenFlag) {
	flags := sqlite3.OPEN_READWRITE | sqlite3.OPEN_NOFOLLOW
	if o.ReadOnly {
		flags = sqlite3.OPEN_READONLY | sqlite3.OPEN_NOFOLLOW
	}
	if o.Create {
		flags |= sqlite3.OPEN_CREATE
	}
	// Escaped wholly, so that no separator and no drive means anything in it.
	uri := "file:" + url.PathEscape(file) + "?" + url.Values{"vfs": {joined(o.VFS)}}.Encode()
	return uri, flags | sqlite3.OPEN_URI
}

// Close closes the connection. SQLite checkpoints and removes the log where
// this is the last connection to the file. A Conn that a fault has broken is
// given up as far as it can be, and leaves the log as it is: what it believes
// of it may be wrong. Close returns an [wire.Error].
func (c *Conn) Close() error {
	if c.db == nil {
		return nil
	}
	if c.broken {
		_ = c.KeepLog(true) // fails where SQLite itself is beyond use
	}
	db := c.db
	// Each by itself: a fault may have left any of them as it was, and one
	// that is not finalized keeps the connection, its files and its locks.
	for _, st := range slices.Collect(db.Stmts()) {
		_ = c.guard(st.Close) // the statement's last error, told already
	}
	err := c.guard(db.Close)
	c.db, c.cache, c.own = nil, stmtCache{}, nil
	if err != nil {
		c.abandon()
		if s := sandboxOf(db); s != nil {
			_ = s.Close() // it closes the file once more, which fails
		}
	}
	return translate(err, "close the database")
}

// KeepLog says whether Close leaves the log as it is, beside a file that it
// may not belong to. https://sqlite.org/c3ref/c_dbconfig_defensive.html
func (c *Conn) KeepLog(keep bool) error {
	err := c.guard(func() error {
		_, err := c.db.Config(sqlite3.DBCONFIG_NO_CKPT_ON_CLOSE, keep)
		return err
	})
	return translate(err, "open the database")
}

// Broken reports whether a fault was caught on this connection; if so it must
// be closed and replaced.
func (c *Conn) Broken() bool { return c.broken }

// GiveUp makes the connection Broken, after a panic that was not caught here.
func (c *Conn) GiveUp() { c.broken = true }

// InTx reports whether a transaction is open. SQLite ends transactions on its
// own account after some errors, so ask after each of them.
// https://sqlite.org/c3ref/get_autocommit.html
func (c *Conn) InTx() bool { return !c.broken && !c.db.GetAutocommit() }

// LogPages returns the number of pages that the log had after the last commit
// on this connection.
func (c *Conn) LogPages() int { return c.walPages }

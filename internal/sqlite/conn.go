package sqlite

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// Conn is a database's write connection. It is not safe for concurrent use.
type Conn struct {
	db    *sqlite3.Conn
	gate  gate
	cache stmtCache
	own   map[string]*sqlite3.Stmt // the engine's statements, as many as the code has

	synchronous Synchronous
	walPages    int  // pages in the log after the last commit
	broken      bool // a fault was caught: its state is unknown
}

// Options say how a database is opened.
type Options struct {
	Create      bool // make the file where there is none
	Synchronous Synchronous
	ForeignKeys bool
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
// link. It reads and writes nothing yet: a file that is not a database is
// found out by the first read. Errors are an [wire.Error].
func Open(file string, o Options) (_ *Conn, err error) {
	flags := sqlite3.OPEN_READWRITE | sqlite3.OPEN_NOFOLLOW
	if o.Create {
		flags |= sqlite3.OPEN_CREATE
	}
	c := &Conn{own: map[string]*sqlite3.Stmt{}, synchronous: o.Synchronous}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	err = c.guard(func() error {
		if c.db, err = sqlite3.OpenFlags(file, flags); err != nil {
			return err
		}
		return c.applySettings(o)
	})
	if err != nil {
		return nil, translate(err, "open the database")
	}
	return c, nil
}

// Close closes the connection. SQLite checkpoints and removes the log where
// this is the last connection to the file. A Conn that a fault has broken is
// given up as far as it can be. Close returns an [wire.Error].
func (c *Conn) Close() error {
	if c.db == nil {
		return nil
	}
	db := c.db
	err := c.guard(func() error {
		c.cache.clear()
		for _, st := range c.own {
			st.Close()
		}
		clear(c.own)
		return db.Close()
	})
	c.db = nil
	return translate(err, "close the database")
}

// Broken reports whether a fault was caught on this connection; if so it must
// be closed and replaced.
func (c *Conn) Broken() bool { return c.broken }

// InTx reports whether a transaction is open. SQLite ends transactions on its
// own account after some errors, so ask after each of them.
// https://sqlite.org/c3ref/get_autocommit.html
func (c *Conn) InTx() bool { return !c.broken && !c.db.GetAutocommit() }

// LogPages returns the number of pages that the log had after the last commit
// on this connection.
func (c *Conn) LogPages() int { return c.walPages }

package reader

import (
	"io/fs"
	"os"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/ext/fts5"
	"github.com/ncruces/go-sqlite3/ext/rtree"
	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/skylinedb/skylinedb/wire"
)

// busyTimeout is how long a lock is waited for: a reader meets one only where
// another process recovers the log, or the file is in no WAL mode yet.
const busyTimeout = 5 * time.Second

// pragmas configure the connection alone; none of them touches the file.
var pragmas = []string{
	`PRAGMA query_only=ON`,      // an error that says so, before the one of mode=ro
	`PRAGMA cell_size_check=ON`, // files come from sync services: trust none
	`PRAGMA mmap_size=0`,        // a file that is cut short must be an error, not a fault
}

// open opens a connection to the file at the path.
func (r *Reader) open() (*conn, error) {
	c := &conn{r: r}
	name, flags := r.path, sqlite3.OPEN_READONLY|sqlite3.OPEN_NOFOLLOW
	if _, err := os.Stat(r.path); os.IsNotExist(err) {
		if !r.opts.EmptyIfMissing {
			return nil, wire.Errorf(wire.CodeNoDatabase, "There is no file %q: the first write makes it.", r.path)
		}
		name, flags, c.missing = ":memory:", sqlite3.OPEN_READWRITE|sqlite3.OPEN_MEMORY, true
	}
	err := c.guard("open the database", func() (err error) {
		if c.db, err = sqlite3.OpenFlags(name, flags); err != nil {
			return err
		}
		if err := configure(c.db); err != nil || c.missing {
			return err
		}
		f, err := c.db.FileControl("main", sqlite3.FCNTL_FILE_POINTER)
		c.file, _ = f.(vfs.File)
		return err
	})
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func configure(db *sqlite3.Conn) error {
	if err := db.BusyTimeout(busyTimeout); err != nil {
		return err
	}
	// https://sqlite.org/security.html, "Untrusted SQLite Database Files".
	for _, op := range []sqlite3.DBConfig{sqlite3.DBCONFIG_DQS_DDL, sqlite3.DBCONFIG_DQS_DML, sqlite3.DBCONFIG_DEFENSIVE} {
		if _, err := db.Config(op, true); err != nil {
			return err
		}
	}
	if _, err := db.Config(sqlite3.DBCONFIG_TRUSTED_SCHEMA, false); err != nil {
		return err
	}
	for _, p := range pragmas {
		if err := db.Exec(p); err != nil {
			return err
		}
	}
	db.Limit(sqlite3.LIMIT_ATTACHED, 0)
	if err := fts5.Register(db); err != nil {
		return err
	}
	return rtree.Register(db)
}

// moved reports whether the path leads to another file than the one that the
// connection has open. It opens nothing: on systems with POSIX locks that
// would drop those of the connection.
func (c *conn) moved() (bool, error) {
	now, err := os.Stat(c.r.path)
	if os.IsNotExist(err) {
		return !c.missing, nil
	}
	if err != nil || c.missing {
		return true, err
	}
	open, ok := unwrapped(c.file).(interface{ Stat() (fs.FileInfo, error) })
	if !ok {
		return false, wire.Errorf(wire.CodeInternal, "SQLite does not tell which file it has open.")
	}
	info, err := open.Stat()
	return err != nil || !os.SameFile(info, now), err
}

// unwrapped returns the file of the real file layer that f stands on.
func unwrapped(f vfs.File) vfs.File {
	for {
		u, ok := f.(vfs.FileUnwrap)
		if !ok {
			return f
		}
		f = u.Unwrap()
	}
}

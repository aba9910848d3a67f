package reader

import (
	"context"
	"runtime/debug"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/sqlite"
)

// The statements by which a snapshot begins and ends. Reading the state is
// what takes it: BEGIN alone reads nothing.
const (
	beginSQL   = `BEGIN`
	endSQL     = `ROLLBACK`
	stateSQL   = `SELECT rev, epoch FROM _skylinedb_state`
	versionSQL = `PRAGMA schema_version`
	hasState   = `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_skylinedb_state'`
)

// Conn is a connection on which one snapshot is read. It is not safe for
// concurrent use, and no good after [Conn.End].
type Conn struct {
	in    *conn // nil after End: it is somebody else's then
	rev   int64
	epoch string
}

// conn is a connection of the pool.
type conn struct {
	r       *Reader
	db      *sqlite3.Conn
	file    vfs.File
	missing bool // there was no file: db is an empty database in memory
	gen     int  // of the Reader when the connection was opened
	cache   stmtCache
	version int64 // of the schema that the cache is for
	broken  bool  // a fault was caught: its state is unknown

	ctx    context.Context // of the present read
	cancel context.CancelCauseFunc
	unlink func() bool
	ending *time.Timer // cancels the read, when the file goes into maintenance

	rev     int64
	epoch   string
	tracked bool // the file has a rev
}

// Rev returns the rev and the epoch of the snapshot. Both are zero in a file
// that nobody wrote through the daemon.
func (c *Conn) Rev() (rev int64, epoch string) { return c.rev, c.epoch }

// End gives the connection back. What was got from it is no good any more. A
// second End does nothing.
func (c *Conn) End() {
	in := c.in
	if in == nil {
		return
	}
	c.in = nil
	in.drop()
	in.r.leave()
}

// drop ends the snapshot and gives the connection to the pool.
func (c *conn) drop() {
	keep := !c.missing && c.rollback() == nil
	c.r.give(c, keep)
}

// rollback ends the snapshot, whatever its context says.
func (c *conn) rollback() error {
	c.cache.reset()
	return c.guard("end the snapshot", func() error {
		c.db.SetInterrupt(context.Background())
		if c.db.GetAutocommit() {
			return nil
		}
		return c.exec(endSQL)
	})
}

// snapshot takes one and reports whether it is of the file at the path, which
// is in no maintenance. The order matters: once the snapshot is there the file,
// its log and the log's index are open. If the path still leads to that file
// they belong together; and the Reader lets go of whoever is registered when
// the marker comes, so a marker that is not there yet will be noticed.
func (c *conn) snapshot() (good bool, err error) {
	err = c.guard("begin to read", func() error {
		c.db.SetInterrupt(c.ctx)
		if err := c.exec(beginSQL); err != nil {
			return err
		}
		if err := c.readVersion(); err != nil {
			return err
		}
		return c.readState()
	})
	moved, why := c.moved()
	if moved {
		c.r.renew()
		return false, why // an error of the ghost's says nothing
	}
	if err != nil || why != nil {
		return false, c.cause(err, why)
	}
	state, err := c.r.state()
	if err == nil && state != dbfile.Open {
		c.r.letGo()
		return false, nil
	}
	return err == nil, err
}

// readVersion forgets the compiled statements if the schema is another one:
// they would be compiled anew when they run, and tell the columns that they had
// until then.
func (c *conn) readVersion() error {
	var version int64
	_, err := c.first(versionSQL, func(st *sqlite3.Stmt) { version = st.ColumnInt64(0) })
	if err == nil && version != c.version {
		c.cache.clear()
		c.version = version
	}
	return err
}

// readState reads rev and epoch, which the daemon's first write brings.
func (c *conn) readState() error {
	c.rev, c.epoch = 0, ""
	if !c.tracked {
		found, err := c.first(hasState, nil)
		if err != nil || !found {
			return err
		}
		c.tracked = true
	}
	_, err := c.first(stateSQL, func(st *sqlite3.Stmt) { c.rev, c.epoch = st.ColumnInt64(0), st.ColumnText(1) })
	return err
}

// first runs a statement of ours and shows its first row, if there is one.
func (c *conn) first(sql string, row func(*sqlite3.Stmt)) (found bool, err error) {
	st, err := c.cache.take(c.db, sql)
	if err != nil {
		return false, err
	}
	if found = st.Step(); found && row != nil {
		row(st)
	}
	err = st.Err()
	c.cache.give(sql, st)
	return found, err
}

func (c *conn) exec(sql string) error {
	_, err := c.first(sql, nil)
	return err
}

// guard runs f, which calls the library, and names what goes wrong in it. A
// panic inside SQLite is the end of the connection.
func (c *conn) guard(deed string, f func() error) (err error) {
	// The log's index is mapped, and a file that is cut short is a fault there.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			c.broken = true
			err = failure(sqlite.FaultError(v), deed)
		}
	}()
	if c.broken {
		return failure(sqlite.ErrFault, deed)
	}
	return failure(f(), deed)
}

// close closes the connection and its statements. One that a fault has left
// unfit to be closed is let go of.
func (c *conn) close() {
	if c.db == nil {
		return
	}
	c.broken = false // to be closed it is still good enough, perhaps
	for _, st := range slices.Collect(c.db.Stmts()) {
		_ = c.guard("", st.Close) // the statement's last error, told already
	}
	if err := c.guard("", c.db.Close); err != nil && c.file != nil {
		sqlite.Abandon(c.file)
	}
	c.db, c.cache = nil, stmtCache{}
}

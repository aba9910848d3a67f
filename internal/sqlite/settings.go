package sqlite

import (
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/ext/fts5"
	"github.com/ncruces/go-sqlite3/ext/rtree"
)

// Synchronous is how far a commit goes before it returns.
// https://sqlite.org/pragma.html#pragma_synchronous
type Synchronous string

// The levels: NORMAL survives a crash of the process, FULL a power failure.
const (
	SyncNormal Synchronous = "NORMAL"
	SyncFull   Synchronous = "FULL"
)

// BusyTimeout is how long a lock of another process is waited for before the
// engine looks at the clock again.
const BusyTimeout = 5 * time.Second

// AutoCheckpoint is the length of the log, in pages, from which on the engine
// moves it into the file: SQLite's own default for wal_autocheckpoint. The
// engine does so between groups, where SQLite would do it within a commit
// that clients wait for.
const AutoCheckpoint = 1000

// maxLength bounds one string, BLOB or row, in bytes; it leaves room in the
// sandbox (256 MiB) for the copies that a statement makes of it.
const maxLength = 64 << 20

// maxPattern bounds a pattern of LIKE and GLOB, in bytes, and the program that
// SQLite makes of one of REGEXP. A function cannot be interrupted, and these
// take the pattern's length times the text's; a long pattern also exhausts
// SQLite's stack. https://sqlite.org/limits.html, section 5
const maxPattern = 1000

// firstLook is how much of a long text is compiled at first, in bytes.
const firstLook = 8 << 10

// maxSchemaDepth bounds the depth of expressions that the schema keeps. When
// it is read one of 216 exhausts SQLite's stack.
const maxSchemaDepth = 100

// pragmas configure the connection alone; none of them touches the file.
var pragmas = []string{
	`PRAGMA temp_store=FILE`,                   // a large sort or VACUUM must not fill the sandbox
	`PRAGMA cell_size_check=ON`,                // files come from sync services: trust none
	`PRAGMA mmap_size=0`,                       // a truncated file must be an error, not a fault
	`PRAGMA journal_size_limit=67108864`,       // a log that once grew does not stay large
	`PRAGMA locking_mode=NORMAL`,               // others read the file beside us
	`PRAGMA checkpoint_fullfsync=ON`,           // the log goes after it: see fullfsync in SetSynchronous
	`PRAGMA synchronous=` + string(SyncNormal), // until SetSynchronous
}

func (c *Conn) applySettings(o Options) error {
	if err := c.db.BusyTimeout(BusyTimeout); err != nil {
		return err
	}
	// First: a pragma may read the file, and where that fails Close must keep
	// the log.
	if err := c.configure(o); err != nil {
		return err
	}
	for _, p := range pragmas {
		if err := c.db.Exec(p); err != nil {
			return err
		}
	}
	if err := c.extend(); err != nil {
		return err
	}
	c.db.WALHook(func(_ *sqlite3.Conn, _ string, pages int) error {
		c.walPages = pages
		return nil
	})
	if err := c.db.SetAuthorizer(c.gate.authorize); err != nil {
		return err
	}
	level := o.Synchronous
	c.synchronous = SyncNormal
	return c.SetSynchronous(level)
}

// configure sets what has no pragma, or what a client must not set by one.
// https://sqlite.org/security.html, "Untrusted SQL Inputs" and "Untrusted
// SQLite Database Files".
func (c *Conn) configure(o Options) error {
	flags := []struct {
		op sqlite3.DBConfig
		on bool
	}{
		{sqlite3.DBCONFIG_DEFENSIVE, true},
		{sqlite3.DBCONFIG_TRUSTED_SCHEMA, false},
		{sqlite3.DBCONFIG_ENABLE_FKEY, o.ForeignKeys},
		{sqlite3.DBCONFIG_WRITABLE_SCHEMA, false},
		{sqlite3.DBCONFIG_NO_CKPT_ON_CLOSE, o.KeepLog},
		{sqlite3.DBCONFIG_DQS_DDL, true}, // double-quoted strings, as sqlite3 has them
		{sqlite3.DBCONFIG_DQS_DML, true},
	}
	for _, f := range flags {
		if _, err := c.db.Config(f.op, f.on); err != nil {
			return err
		}
	}
	c.db.Limit(sqlite3.LIMIT_LENGTH, maxLength)
	c.db.Limit(sqlite3.LIMIT_LIKE_PATTERN_LENGTH, maxPattern)
	c.db.Limit(sqlite3.LIMIT_ATTACHED, 1) // VACUUM attaches one
	c.db.Limit(sqlite3.LIMIT_WORKER_THREADS, 0)
	return nil
}

// extend adds the virtual tables that the sqlite3 program has: a database
// that uses them could not be written to without.
func (c *Conn) extend() error {
	if err := fts5.Register(c.db); err != nil {
		return err
	}
	if err := rtree.Register(c.db); err != nil {
		return err
	}
	// The function does not exist in this build. It is named all the same, so
	// that the gate gets to say why it is refused.
	for args := range 2 {
		if err := c.db.OverloadFunction("load_extension", args+1); err != nil {
			return err
		}
	}
	return nil
}

var onOff = map[bool]string{true: "ON", false: "OFF"}

// SetSynchronous sets the level of the transactions to come. It must be
// called outside of one: within, SQLite ignores it.
//
// What is durable must have left the disk's own memory too, which takes more
// than a sync on macOS. https://sqlite.org/pragma.html#pragma_fullfsync
func (c *Conn) SetSynchronous(level Synchronous) error {
	if level == c.synchronous || level == "" {
		return nil
	}
	for _, pragma := range []string{`PRAGMA synchronous=` + string(level), `PRAGMA fullfsync=` + onOff[level == SyncFull]} {
		if err := c.exec(pragma); err != nil {
			return translate(err, "set synchronous")
		}
	}
	c.synchronous = level
	return nil
}

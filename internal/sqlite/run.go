package sqlite

import (
	"context"
	"errors"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/wire"
)

// ErrNotPrepared is returned by [Conn.Run] for a statement that writes, where
// the caller allows none yet. The transaction must be rolled back.
var ErrNotPrepared = errors.New("the file is not prepared for writing")

// RunOptions are the options of [Conn.Run].
type RunOptions struct {
	Writable   bool  // the statement may write
	ReadOnly   bool  // one statement that does not write, and nothing else
	Savepoints bool  // SAVEPOINT, RELEASE and ROLLBACK TO are allowed
	Held       bool  // the transaction is the client's own: foreign keys may be deferred in it
	Rows       *Rows // what collects the rows; nil throws them away
}

// Result is what a client's statements did.
type Result struct {
	Wrote  bool     // one of them may have changed the file
	Lasts  bool     // one of them, a savepoint perhaps, is lost if the transaction begins anew
	Rows   int64    // rows that INSERT, UPDATE and DELETE changed themselves
	Tables []string // that they may have changed, some perhaps twice
	Row    int      // the row of parameters that was run last
}

// Run runs st, one statement or, without parameters, several, within the
// transaction that is open. It stops at ctx, and at a statement that writes
// unless that is allowed.
//
// The errors are an [wire.Error] for what the client did wrong,
// [ErrNotPrepared], [ErrInterrupted] when ctx ended, [ErrBusy] and [ErrFault].
// After any of them the transaction may be gone: ask [Conn.InTx].
func (c *Conn) Run(ctx context.Context, st wire.Stmt, o RunOptions) (Result, error) {
	r := &running{conn: c, stmt: st, o: o}
	if strings.IndexByte(st.SQL, 0) >= 0 {
		return r.result, errNUL
	}
	err := c.client(ctx, gate{mode: gateClient, writable: o.Writable, savepoints: o.Savepoints, held: o.Held}, func() error {
		rest, err := r.first(st.SQL)
		for err == nil && rest != "" {
			rest, err = r.first(rest)
		}
		return err
	})
	return r.result, c.explain(err)
}

var errNUL = wire.Errorf(wire.CodeInvalidRequest, "The SQL text has a NUL character: pass such text as a parameter.")

// running is one call of Run.
type running struct {
	conn   *Conn
	stmt   wire.Stmt
	o      RunOptions
	result Result
}

// first runs the first statement of sql and returns the text after it, which
// is "" where nothing but white space and comments follows.
func (r *running) first(sql string) (tail string, err error) {
	c := r.conn
	c.gate = gate{mode: c.gate.mode, writable: c.gate.writable, savepoints: c.gate.savepoints, held: c.gate.held}
	st, tables := c.cache.take(sql)
	c.gate.tables = tables
	if st == nil {
		if st, tail, err = c.prepare(sql, r.stmt); err == nil && r.o.ReadOnly && (tail != "" || st == nil) {
			st.Close()
			err = errNotOne
		}
		if err == nil && r.o.Savepoints && tail != "" {
			st.Close()
			err = errNotAlone
		}
		if err != nil {
			return "", r.orReading(err)
		}
	}
	if st == nil { // white space and comments
		return "", nil
	}
	if err := r.step(st); err != nil {
		st.Close()
		return "", r.orReading(c.orNotPrepared(err))
	}
	c.keep(st, sql, tail)
	return tail, nil
}

var (
	errNotAlone = wire.Errorf(wire.CodeForbiddenStatement, "This statement is not allowed: SAVEPOINT, RELEASE and ROLLBACK TO stand alone in their batch.")
	errNotOne   = wire.Errorf(wire.CodeInvalidRequest, "A Query has one statement: send a Query for each.")
	errWrites   = wire.Errorf(wire.CodeForbiddenStatement, "This statement is not allowed: a Query reads, and this one would write. Send it as ExecBatch.")
)

// orReading returns what a statement failed with that may only read.
func (r *running) orReading(err error) error {
	if r.o.ReadOnly && errors.Is(err, ErrNotPrepared) {
		return errWrites
	}
	return err
}

// prepare compiles the first statement of sql, unless it is refused.
func (c *Conn) prepare(sql string, given wire.Stmt) (st *sqlite3.Stmt, tail string, err error) {
	if st, tail, err = c.compile(sql); err != nil {
		return nil, "", c.orNotPrepared(err)
	}
	if blank(tail) {
		tail = ""
	}
	piece := sql[:len(sql)-len(tail)]
	if err = c.refusePiece(piece, tail, given); err == nil && c.gate.schema {
		err = c.refuseDepth(piece)
	}
	if err != nil {
		st.Close()
		return nil, "", err
	}
	return st, tail, nil
}

// compile has SQLite compile the first statement of sql. Each time the library
// copies the text, all of it: of a long one that holds many statements only a
// part is given, where that is enough to have a whole statement in it.
func (c *Conn) compile(sql string) (st *sqlite3.Stmt, tail string, err error) {
	if len(sql) > firstLook {
		before := c.gate
		st, tail, err = c.db.PrepareFlags(sql[:firstLook], sqlite3.PREPARE_PERSISTENT)
		if err == nil && tail != "" { // what follows a statement's end does not matter to it
			return st, sql[firstLook-len(tail):], nil
		}
		st.Close()
		c.gate = before
	}
	return c.db.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT)
}

// client runs f as a client's: interrupted by ctx, behind the gate, and with
// faults caught.
func (c *Conn) client(ctx context.Context, g gate, f func() error) error {
	old := c.db.SetInterrupt(ctx)
	c.gate = g
	defer func() {
		c.db.SetInterrupt(old)
		c.gate.mode = gateEngine
	}()
	return c.contain(f)
}

const vacuumRefused = `VACUUM must be alone in a batch with "tx":"none"`

// refusePiece refuses what only the text of a statement shows.
func (c *Conn) refusePiece(sql, tail string, given wire.Stmt) error {
	n := given.Params.Len()
	switch {
	case tail != "" && (n > 0 || given.Rows != nil):
		return wire.Errorf(wire.CodeInvalidRequest, "A text with several statements takes no parameters: send each statement by itself.")
	case n > 0 && blank(sql):
		return wrongCount(0, n)
	case IsVacuum(sql):
		c.gate.reason = vacuumRefused
		return sqlite3.AUTH
	case c.gate.table && !c.gate.analyze && mentionsOwn(sql): // ANALYZE makes tables of its own
		c.gate.reason = ownRefused
		return sqlite3.AUTH
	}
	return nil
}

// refuseDepth refuses a statement that changes the schema and would put an
// expression into it which could exhaust SQLite's stack when it is read again:
// nobody could open the database any more.
func (c *Conn) refuseDepth(sql string) error {
	old := c.db.Limit(sqlite3.LIMIT_EXPR_DEPTH, maxSchemaDepth)
	defer c.db.Limit(sqlite3.LIMIT_EXPR_DEPTH, old)
	st, _, err := c.db.Prepare(sql)
	st.Close()
	return err
}

// orNotPrepared returns the error that a statement failed with, or
// ErrNotPrepared where the gate kept it from writing for that reason alone.
func (c *Conn) orNotPrepared(err error) error {
	if c.gate.analyze && !c.gate.writable {
		return ErrNotPrepared
	}
	return err
}

// writes reports whether st may change the file. To SQLite reading the
// journal mode and EXPLAIN do, and PRAGMA optimize does not.
func (c *Conn) writes(st *sqlite3.Stmt) bool {
	return c.gate.analyze || !st.ReadOnly() && c.gate.pragma != "journal_mode" && !beginsWith(st.SQL(), "EXPLAIN")
}

// step runs st to its end, once or with each row of parameters.
func (r *running) step(st *sqlite3.Stmt) error {
	if err := r.mayWrite(st); err != nil {
		return err
	}
	if r.o.Rows != nil && st.ColumnCount() > 0 {
		r.o.Rows.reset()
	}
	var err error
	if r.stmt.Rows == nil {
		err = r.once(st, r.stmt.Params)
	} else {
		r.result.Row = -1
		err = r.stmt.Rows.Each(func(p wire.Params) error {
			r.result.Row++
			return r.once(st, p)
		})
	}
	if err != nil {
		return err
	}
	// After a change of the schema SQLite compiled st anew, and what had
	// nothing to do (CREATE TRIGGER IF NOT EXISTS) may have written now.
	if err := r.mayWrite(st); err != nil {
		return err
	}
	r.result.Tables = append(r.result.Tables, r.conn.gate.tables...)
	return nil
}

// mayWrite notes whether st may change the file, and refuses it where it must
// not.
func (r *running) mayWrite(st *sqlite3.Stmt) error {
	writes := r.conn.writes(st)
	r.result.Lasts = r.result.Lasts || r.conn.gate.lasts
	if (writes || r.conn.gate.lasts) && !r.conn.gate.writable {
		return ErrNotPrepared
	}
	r.result.Wrote = r.result.Wrote || writes
	return nil
}

// once binds p to st and runs it to its end.
func (r *running) once(st *sqlite3.Stmt, p wire.Params) (err error) {
	if err := bind(st, p); err != nil {
		return err
	}
	before := r.conn.db.TotalChanges()
	if r.o.Rows != nil {
		err = r.o.Rows.fetch(st)
	} else {
		err = st.Exec()
	}
	// sqlite3_changes keeps its value over DDL and SELECT: it speaks of this
	// statement only where the total has moved. DROP TABLE may move it by
	// the rows that others refer to.
	if err == nil && r.conn.db.TotalChanges() != before && !r.conn.gate.schema {
		r.result.Rows += r.conn.db.Changes()
	}
	return err
}

// keep gives st back to the cache if sql holds no other statement, and
// nothing that has to be seen each time: CREATE INDEX IF NOT EXISTS changes no
// schema while the index exists.
func (c *Conn) keep(st *sqlite3.Stmt, sql, tail string) {
	if tail != "" || c.gate.pragma != "" || c.gate.schema || c.gate.lasts || beginsWith(sql, "CREATE") || st.ClearBindings() != nil {
		st.Close()
		return
	}
	c.cache.put(sql, st, c.gate.tables)
}

// Vacuum runs a VACUUM statement, outside of a transaction. Its errors are
// those of Run.
func (c *Conn) Vacuum(ctx context.Context, sql string, p wire.Params) error {
	err := c.client(ctx, gate{mode: gateClient, writable: true}, func() error {
		st, tail, err := c.db.Prepare(sql)
		if err != nil {
			return err
		}
		defer st.Close()
		if st == nil || !IsVacuum(sql) || !blank(tail) {
			c.gate.reason = vacuumRefused
			return sqlite3.AUTH
		}
		if err := bind(st, p); err != nil {
			return err
		}
		// What it does while it runs is SQLite's doing, not the client's.
		c.gate.mode = gateVacuum
		return st.Exec()
	})
	return c.explain(err)
}

// explain turns the error of a client's statement into one of the protocol.
func (c *Conn) explain(err error) error {
	if c.broken { // whatever the gate had to say
		return err
	}
	if err != nil && c.gate.reason != "" {
		return &wire.Error{Code: wire.CodeForbiddenStatement, Message: "This statement is not allowed: " + c.gate.reason + ".", Cause: err}
	}
	return translate(err, "")
}

// IsVacuum reports whether the first statement of sql is a VACUUM.
func IsVacuum(sql string) bool { return beginsWith(sql, "VACUUM") }

// IsSavepoint reports whether the first statement of sql sets a savepoint,
// leaves one or goes back to it.
func IsSavepoint(sql string) bool {
	return beginsWith(sql, "SAVEPOINT") || beginsWith(sql, "RELEASE") || beginsWith(sql, "ROLLBACK")
}

// beginsWith reports whether word is the first of sql.
func beginsWith(sql, word string) bool {
	sql = skipBlank(sql)
	n := len(word)
	return len(sql) >= n && strings.EqualFold(sql[:n], word) && (len(sql) == n || !identifier(sql[n]))
}

func identifier(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func blank(sql string) bool { return skipBlank(sql) == "" }

// byteOrderMark is white space to SQLite, wherever it stands.
const byteOrderMark = "\uFEFF"

// skipBlank removes white space, empty statements and comments from the start.
// https://sqlite.org/lang_comment.html
func skipBlank(sql string) string {
	for {
		sql = strings.TrimLeft(sql, " \t\n\v\f\r;")
		switch {
		case strings.HasPrefix(sql, "--"):
			_, sql, _ = strings.Cut(sql, "\n")
		case strings.HasPrefix(sql, "/*"):
			_, sql, _ = strings.Cut(sql[2:], "*/")
		case strings.HasPrefix(sql, byteOrderMark):
			sql = sql[len(byteOrderMark):]
		default:
			return sql
		}
	}
}

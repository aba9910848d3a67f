package sqlite

import (
	"context"
	"errors"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/wire"
)

// ErrNotPrepared is returned by [Conn.Run] before it runs a statement that
// writes, where the caller allows none yet. Nothing has happened.
var ErrNotPrepared = errors.New("the file is not prepared for writing")

// Result is what a client's statements did.
type Result struct {
	Wrote bool  // one of them may have changed the file
	Rows  int64 // rows that INSERT, UPDATE and DELETE changed themselves
}

// Run runs sql, one statement or, without parameters, several, within the
// transaction that is open. Rows that they return are thrown away. It stops
// at ctx, and before a statement that writes unless writable is set.
//
// The errors are an [wire.Error] for what the client did wrong,
// [ErrNotPrepared], [ErrInterrupted] when ctx ended, [ErrBusy] and [ErrFault].
// After any of them the transaction may be gone: ask [Conn.InTx].
func (c *Conn) Run(ctx context.Context, sql string, p wire.Params, writable bool) (Result, error) {
	var r Result
	if strings.IndexByte(sql, 0) >= 0 {
		return r, wire.Errorf(wire.CodeInvalidRequest, "The SQL text has a NUL character: pass such text as a parameter.")
	}
	err := c.client(ctx, gateClient, func() error {
		for rest := sql; rest != ""; {
			st, tail, err := c.prepare(rest)
			if err != nil || st == nil {
				return err
			}
			if err := c.refusePiece(rest, tail, p); err != nil {
				st.Close()
				return err
			}
			if err := c.step(st, p, writable, &r); err != nil {
				st.Close()
				return err
			}
			c.keep(st, rest, tail)
			rest = tail
		}
		return nil
	})
	return r, c.explain(err)
}

// client runs f as a client's: interrupted by ctx, behind the gate, and with
// faults caught.
func (c *Conn) client(ctx context.Context, mode gateMode, f func() error) error {
	old := c.db.SetInterrupt(ctx)
	c.gate = gate{mode: mode}
	defer func() {
		c.db.SetInterrupt(old)
		c.gate.mode = gateEngine
	}()
	return c.guard(f)
}

// prepare returns the first statement of sql and the text after it, which is
// "" where nothing but white space and comments follows.
func (c *Conn) prepare(sql string) (st *sqlite3.Stmt, tail string, err error) {
	if st := c.cache.take(sql); st != nil {
		return st, "", nil
	}
	st, tail, err = c.db.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT)
	if err != nil || blank(tail) {
		tail = ""
	}
	return st, tail, err
}

// refusePiece refuses what only the text shows.
func (c *Conn) refusePiece(sql, tail string, p wire.Params) error {
	if tail != "" && p.Len() > 0 {
		return wire.Errorf(wire.CodeInvalidRequest, "A text with several statements takes no parameters: send each statement by itself.")
	}
	if IsVacuum(sql) {
		c.gate.reason = `VACUUM must be alone in a batch with "tx":"none"`
		return sqlite3.AUTH
	}
	return nil
}

// step binds p to st and runs it to its end.
func (c *Conn) step(st *sqlite3.Stmt, p wire.Params, writable bool, r *Result) error {
	if !st.ReadOnly() {
		if !writable {
			return ErrNotPrepared
		}
		r.Wrote = true
	}
	if err := bind(st, p); err != nil {
		return err
	}
	before := c.db.TotalChanges()
	if err := st.Exec(); err != nil {
		return err
	}
	// sqlite3_changes keeps its value over DDL and SELECT: it speaks of this
	// statement only where the total has moved.
	if c.db.TotalChanges() != before {
		r.Rows += c.db.Changes()
	}
	return nil
}

// keep gives st back to the cache if sql holds no other statement.
func (c *Conn) keep(st *sqlite3.Stmt, sql, tail string) {
	if tail != "" || st.ClearBindings() != nil {
		st.Close()
		return
	}
	c.cache.put(sql, st)
}

// Vacuum runs a VACUUM statement, outside of a transaction.
func (c *Conn) Vacuum(ctx context.Context, sql string) error {
	err := c.client(ctx, gateVacuum, func() error { return c.db.Exec(sql) })
	return c.explain(err)
}

// explain turns the error of a client's statement into one of the protocol.
func (c *Conn) explain(err error) error {
	if err != nil && c.gate.reason != "" {
		return &wire.Error{Code: wire.CodeForbiddenStatement, Message: "This statement is not allowed: " + c.gate.reason + ".", Cause: err}
	}
	return translate(err, "")
}

// IsVacuum reports whether the first statement of sql is a VACUUM.
func IsVacuum(sql string) bool {
	sql = skipBlank(sql)
	return len(sql) >= 6 && strings.EqualFold(sql[:6], "VACUUM") && (len(sql) == 6 || !identifier(sql[6]))
}

// Alone reports whether sql is a single statement: nothing but white space and
// comments after the first semicolon. It is meant for VACUUM, whose text
// has no other place for a semicolon than its end.
func Alone(sql string) bool {
	_, rest, _ := strings.Cut(skipBlank(sql), ";")
	return blank(rest)
}

func identifier(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func blank(sql string) bool { return skipBlank(sql) == "" }

// skipBlank removes white space, empty statements and comments from the start.
// https://sqlite.org/lang_comment.html
func skipBlank(sql string) string {
	for {
		sql = strings.TrimLeft(sql, " \t\n\r\f;")
		switch {
		case strings.HasPrefix(sql, "--"):
			_, sql, _ = strings.Cut(sql, "\n")
		case strings.HasPrefix(sql, "/*"):
			_, sql, _ = strings.Cut(sql[2:], "*/")
		default:
			return sql
		}
	}
}

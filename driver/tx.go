package driver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"
	"time"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// tx ends the transaction of its connection.
type tx struct {
	conn *conn
	done bool
}

// Begin implements [driver.Conn].
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx implements [driver.ConnBeginTx].
func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if c.closed {
		return nil, driver.ErrBadConn
	}
	switch level := sql.IsolationLevel(o.Isolation); level {
	case sql.LevelDefault, sql.LevelSerializable, sql.LevelSnapshot, sql.LevelLinearizable:
	default:
		return nil, wire.Errorf(wire.CodeInvalidRequest, "SQLite has no isolation level %q: its transactions are all serializable, use sql.LevelDefault.", level)
	}
	if err := c.begin(ctx, o.ReadOnly); err != nil {
		return nil, err
	}
	return &tx{conn: c}, nil
}

func (c *conn) begin(ctx context.Context, readOnly bool) (err error) {
	if c.inTx() {
		return wire.Errorf(wire.CodeInvalidRequest, "The connection is in a transaction already: use SAVEPOINT within it.")
	}
	if readOnly {
		c.snap, err = c.shared.snapshot(ctx)
		return err
	}
	o := client.BeginOptions{
		DB: c.shared.cfg.db, Idle: c.shared.cfg.idle, Lease: c.shared.cfg.lease, Sync: c.shared.cfg.sync, Timeout: remaining(ctx),
	}
	c.writer, err = c.shared.client.Begin(ctx, o)
	return told(ctx, err)
}

// Commit implements [driver.Tx].
func (t *tx) Commit() error {
	if t.done {
		return errTxDone()
	}
	t.done = true
	return t.conn.commit()
}

// Rollback implements [driver.Tx].
func (t *tx) Rollback() error {
	if t.done {
		return errTxDone()
	}
	t.done = true
	return t.conn.rollback()
}

func errTxDone() error {
	return wire.Errorf(wire.CodeInvalidRequest, "The transaction has ended: begin another.")
}

// commit ends the transaction. Its context is no argument: database/sql has
// looked at that, and a COMMIT half given up helps nobody.
func (c *conn) commit() error {
	snap, writer := c.snap, c.writer
	if writer == nil {
		c.snap, c.byText = nil, false
		if snap != nil {
			snap.End()
		}
		return nil
	}
	c.settle()
	c.writer, c.byText = nil, false
	done, err := writer.Commit(context.Background())
	if err == nil {
		c.shared.mark.note(done.Rev, done.Epoch)
	}
	return told(context.Background(), err)
}

func (c *conn) rollback() error {
	snap, writer := c.snap, c.writer
	c.settle()
	c.snap, c.writer, c.byText = nil, nil, false
	if snap != nil {
		snap.End()
	}
	if writer != nil {
		return writer.Rollback(context.Background())
	}
	return nil
}

// settle closes the rows that are open on the writer.
func (c *conn) settle() {
	if c.ahead != nil {
		c.ahead.Close()
	}
}

// control runs a text that begins or ends a transaction, and reports whether
// it is one.
func (c *conn) control(ctx context.Context, query string, t text) (is bool, err error) {
	switch t.verb {
	case "BEGIN":
		if t.many {
			return false, nil // the daemon says why not
		}
		if err = c.begin(ctx, false); err == nil {
			c.byText = true
		}
		return true, err
	case "COMMIT", "END", "ROLLBACK":
		if t.many || hasWord(query, "TO") {
			return false, nil
		}
	default:
		return false, nil
	}
	switch {
	case !c.inTx():
		return true, wire.Errorf(wire.CodeSQLError, "cannot %s: no transaction is active on this connection, which BEGIN by text needs a sql.Conn for", strings.ToLower(t.verb))
	case !c.byText:
		return true, wire.Errorf(wire.CodeInvalidRequest, "The transaction was begun by BeginTx: end it by its methods.")
	}
	if t.verb == "ROLLBACK" {
		if c.ahead != nil {
			c.ahead.failed = wire.Errorf(wire.CodeTxExpired, "The transaction was rolled back while its rows were read.")
		}
		return true, c.rollback()
	}
	// Rows that are open on the connection go on, as they do after a statement.
	if err := c.readAhead(); err != nil {
		return true, err
	}
	return true, c.commit()
}

func hasWord(sql, word string) bool {
	s := scanner{sql: sql}
	for tok := s.token(); tok != ""; tok = s.token() {
		if strings.EqualFold(tok, word) {
			return true
		}
	}
	return false
}

// remaining is the time that the daemon may take: as long as the context
// lasts, so that what comes too late is rolled back and not merely unheard.
func remaining(ctx context.Context) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return max(time.Until(end).Round(time.Millisecond), time.Millisecond)
}

package driver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/reader"
	"github.com/skylinedb/skylinedb/wire"
)

// conn is a connection of a sql.DB: a place for a transaction. At most one of
// snap and writer is there.
type conn struct {
	shared *connector
	alone  bool // shared is this connection's own
	closed bool

	snap   *reader.Conn           // of a transaction that only reads
	writer *client.Tx             // of another
	byText bool                   // the transaction was begun by a text
	ahead  *remoteRows            // open rows of writer, which its next statement reads ahead
	open   map[*fileRows]struct{} // open rows that have a snapshot of their own
}

var (
	_ driver.ConnBeginTx        = (*conn)(nil)
	_ driver.ConnPrepareContext = (*conn)(nil)
	_ driver.ExecerContext      = (*conn)(nil)
	_ driver.QueryerContext     = (*conn)(nil)
	_ driver.NamedValueChecker  = (*conn)(nil)
	_ driver.Pinger             = (*conn)(nil)
	_ driver.SessionResetter    = (*conn)(nil)
	_ driver.Validator          = (*conn)(nil)
)

// Ping implements [driver.Pinger]: it asks the daemon for the database.
func (c *conn) Ping(ctx context.Context) error {
	if c.closed {
		return driver.ErrBadConn
	}
	_, err := c.shared.client.PingDB(ctx, c.shared.cfg.db)
	return err
}

// Prepare implements [driver.Conn].
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext implements [driver.ConnPrepareContext]. Nothing is compiled:
// see [conn.QueryContext].
func (c *conn) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	if c.closed {
		return nil, driver.ErrBadConn
	}
	return &stmt{conn: c, sql: query, text: look(query)}, nil
}

// CheckNamedValue implements [driver.NamedValueChecker]: what has a conversion
// of database/sql's own takes that.
func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	if _, ok := v.Value.(sql.Out); ok {
		return wire.Errorf(wire.CodeInvalidRequest, "Parameter %d is an sql.Out, which SQLite does not have: return the value by RETURNING.", v.Ordinal)
	}
	return driver.ErrSkip
}

// ResetSession implements [driver.SessionResetter]. What the user before has
// left open was closed by IsValid.
func (c *conn) ResetSession(context.Context) error {
	if !c.IsValid() {
		return driver.ErrBadConn
	}
	return nil
}

// IsValid implements [driver.Validator]: a connection with a transaction that
// nobody will end is not for the next user.
func (c *conn) IsValid() bool { return !c.closed && !c.inTx() }

func (c *conn) inTx() bool { return c.snap != nil || c.writer != nil }

// Close implements [driver.Conn]. It rolls back what was not committed.
func (c *conn) Close() error {
	if c.closed {
		return nil
	}
	err := c.rollback()
	c.closed = true
	for rows := range c.open {
		rows.Close()
	}
	if c.alone {
		err = errors.Join(err, c.shared.Close())
	}
	return err
}

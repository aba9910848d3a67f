package driver

import (
	"context"
	"database/sql/driver"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// QueryContext implements [driver.QueryerContext].
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.query(ctx, query, look(query), args)
}

func (c *conn) query(ctx context.Context, query string, t text, args []driver.NamedValue) (driver.Rows, error) {
	if c.closed {
		return nil, driver.ErrBadConn
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if t.verb == "" && len(args) == 0 {
		return &memoryRows{}, nil
	}
	if is, err := c.control(ctx, query, t); is {
		if err != nil {
			return nil, err
		}
		return &memoryRows{}, nil
	}
	switch {
	case c.snap != nil || c.writer == nil && t.reads:
		rows, err := c.readFile(ctx, query, t, args)
		if err != nil {
			return nil, err
		}
		return rows, nil
	case t.reads:
		return c.readWriter(ctx, query, args)
	}
	done, err := c.write(ctx, query, t, args, true)
	if err != nil {
		return nil, err
	}
	return rowsOf(&done)
}

// readFile begins to read on the snapshot of the transaction, or on a new one.
func (c *conn) readFile(ctx context.Context, query string, t text, args []driver.NamedValue) (*fileRows, error) {
	if c.snap != nil && !t.reads && !savepointVerbs[t.verb] {
		return nil, wire.Errorf(wire.CodeForbiddenStatement, "The transaction is read-only: write in one without sql.TxOptions.ReadOnly.")
	}
	given, err := readerArgs(args)
	if err != nil {
		return nil, err
	}
	snap := c.snap
	if snap == nil {
		if snap, err = c.shared.snapshot(ctx); err != nil {
			return nil, err
		}
	}
	rows, err := snap.Query(ctx, query, given...)
	if err != nil {
		if snap != c.snap {
			snap.End()
		}
		return nil, told(ctx, err)
	}
	r := &fileRows{conn: c, rows: rows, ctx: ctx}
	if snap != c.snap {
		r.snap = snap
		c.open[r] = struct{}{}
	}
	r.describe()
	return r, nil
}

// savepointVerbs may stand in a transaction that only reads.
var savepointVerbs = map[string]bool{"SAVEPOINT": true, "RELEASE": true, "ROLLBACK": true}

// readWriter begins to read what the transaction sees.
func (c *conn) readWriter(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.readAhead(); err != nil {
		return nil, err
	}
	st := client.Stmt{SQL: query}
	if err := parameters(&st, args); err != nil {
		return nil, err
	}
	rows, err := c.writer.Query(ctx, client.Query{Stmt: st, Timeout: remaining(ctx)})
	if err != nil {
		return nil, told(ctx, err)
	}
	return newRemoteRows(ctx, c, rows), nil
}

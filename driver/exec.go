package driver

import (
	"context"
	"database/sql/driver"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// result is what a statement did.
type result struct{ id, rows int64 }

// LastInsertId implements [driver.Result].
func (r result) LastInsertId() (int64, error) { return r.id, nil }

// RowsAffected implements [driver.Result].
func (r result) RowsAffected() (int64, error) { return r.rows, nil }

// ExecContext implements [driver.ExecerContext].
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.exec(ctx, query, look(query), args)
}

func (c *conn) exec(ctx context.Context, query string, t text, args []driver.NamedValue) (driver.Result, error) {
	if c.closed {
		return nil, driver.ErrBadConn
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if t.verb == "" && len(args) == 0 {
		return result{}, nil
	}
	if is, err := c.control(ctx, query, t); is {
		return result{}, err
	}
	if c.snap != nil || c.writer == nil && t.reads && !t.many {
		return c.readThrough(ctx, query, t, args)
	}
	done, err := c.write(ctx, query, t, args, false)
	if err != nil {
		return nil, err
	}
	return result{done.LastInsertRowID, done.RowsAffected}, nil
}

// readThrough runs a statement that only reads, for what may go wrong in it.
func (c *conn) readThrough(ctx context.Context, query string, t text, args []driver.NamedValue) (driver.Result, error) {
	rows, err := c.readFile(ctx, query, t, args)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.rows.Next() {
	}
	return result{}, told(ctx, rows.rows.Err())
}

// write sends a statement to the daemon: as a batch of its own, or as one of
// the transaction.
func (c *conn) write(ctx context.Context, query string, t text, args []driver.NamedValue, results bool) (client.Result, error) {
	st := client.Stmt{SQL: query}
	if err := parameters(&st, args); err != nil {
		return client.Result{}, err
	}
	b := client.Batch{Stmts: []client.Stmt{st}, Results: results, Timeout: remaining(ctx)}
	if c.writer != nil {
		if err := c.readAhead(); err != nil {
			return client.Result{}, err
		}
		done, err := c.writer.ExecBatch(ctx, b)
		return done, told(ctx, err)
	}
	b.DB, b.Sync = c.shared.cfg.db, c.shared.cfg.sync
	if t.verb == "VACUUM" {
		b.Tx = wire.TxNone
	}
	done, err := c.shared.client.ExecBatch(ctx, b)
	if err == nil {
		c.shared.mark.note(done.Rev, done.Epoch)
	}
	return done, told(ctx, err)
}

// readAhead reads the open rows of the transaction to their end, so that it can
// take the next statement.
func (c *conn) readAhead() error {
	if c.ahead == nil {
		return nil
	}
	return c.ahead.buffer()
}

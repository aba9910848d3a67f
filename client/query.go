package client

import (
	"context"
	"errors"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// Query is one statement that reads. The zero value of each field but Stmt is
// a good default.
type Query struct {
	DB   string // "" is [wire.DefaultDB]; in a transaction it is that one's
	Stmt Stmt
	// Limit is the largest number of rows, 0 for any.
	Limit int64
	// MinRev is the rev that the snapshot must have at least, for what was
	// written on another connection: a [Result] has it. The daemon waits for
	// it, and fails with CodeTimeout. 0 is any.
	MinRev int64
	// Timeout is how long the daemon may take from the request's arrival to
	// the last row. After it the query fails with CodeTimeout.
	Timeout time.Duration
}

// Select is Query for a statement with its parameters by place.
func (c *Client) Select(ctx context.Context, db, sql string, args ...any) (*Rows, error) {
	return c.Query(ctx, Query{DB: db, Stmt: SQL(sql, args...)})
}

// Query reads from a database on one snapshot beside the writer. It blocks
// until the first rows have come; the others are made as fast as they are read,
// and never collected. The end of ctx ends the query, also while the rows are
// read.
//
// Until the first rows have come, it waits and retries as every call does.
// Later the loss of the connection is an error with CodeUnavailable, as is the
// end of ctx: query again. It fails with CodeNoDatabase for a file that does
// not exist, and with CodeForbiddenStatement for what writes. A query of more
// than five minutes, or whose rows nobody takes for ten seconds, ends with
// CodeSnapshotTooLong.
//
// A program that has SQLite at hand reads the file itself, which is faster.
func (c *Client) Query(ctx context.Context, q Query) (*Rows, error) {
	req, err := q.request()
	if err != nil {
		return nil, err
	}
	return c.DoQuery(ctx, req)
}

// DoQuery is Query for programs that pass requests on. The request is not
// changed, and its ID is not sent: the client uses its own.
func (c *Client) DoQuery(ctx context.Context, req *wire.Request) (*Rows, error) {
	if req.Type != wire.TypeQuery {
		return nil, wire.Errorf(wire.CodeInvalidRequest, "A %s has no rows: use Do.", req.Type)
	}
	a, err := c.ask(ctx, req, c.timing.retryFor)
	if err != nil {
		return nil, err
	}
	return newRows(a, ownLane{ctx}), nil
}

func (q *Query) request() (*wire.Request, error) {
	if q.Stmt.Rows != nil {
		return nil, wire.Errorf(wire.CodeInvalidRequest, "A query runs once: give it one row of parameters.")
	}
	params, err := q.Stmt.params()
	if err != nil {
		return nil, wire.Errorf(wire.CodeInvalidRequest, "The query cannot be sent: %w.", err)
	}
	req := &wire.Request{
		Type: wire.TypeQuery, DB: named(q.DB), HasDB: true, SQL: q.Stmt.SQL, Params: params, Timeout: q.Timeout,
	}
	if q.Limit != 0 {
		req.Limit = &q.Limit
	}
	if q.MinRev != 0 {
		req.MinRev = &q.MinRev
	}
	return req, nil
}

// ownLane owns the lane of a Query outside of transactions: nothing is lost
// with it but the query.
type ownLane struct{ ctx context.Context }

func (o ownLane) complete(l *lane, inTime bool, err error) { l.settle(inTime, err) }

func (o ownLane) broken(l *lane, err error) error {
	l.hangUp()
	_, ours := errors.AsType[*wire.Error](err)
	switch {
	case err == ErrClosed:
		return unavailable(err)
	case o.ctx.Err() != nil:
		return wire.Errorf(wire.CodeUnavailable, "The query was given up before its last row came: %w.", context.Cause(o.ctx))
	case ours:
		return err
	}
	return wire.Errorf(wire.CodeUnavailable, "The connection was lost before the last row came, query again: %w.", err)
}

// abandon hangs up, which ends the query.
func (o ownLane) abandon(r *Rows) error {
	r.stop()
	r.lane.hangUp()
	return nil
}

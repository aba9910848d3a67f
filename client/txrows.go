package client

import (
	"context"

	"github.com/skylinedb/skylinedb/wire"
)

// Select is Query for a statement with its parameters by place.
func (tx *Tx) Select(ctx context.Context, sql string, args ...any) (*Rows, error) {
	return tx.Query(ctx, Query{Stmt: SQL(sql, args...)})
}

// Query reads what the transaction sees, its own changes included. Read the
// rows to the end, or close them, before the next call. The end of ctx while
// rows are read ends the transaction. See [Client.Query].
func (tx *Tx) Query(ctx context.Context, q Query) (*Rows, error) {
	if q.DB != "" && q.DB != tx.db {
		return nil, wire.Errorf(wire.CodeInvalidRequest, "The transaction is one of %q: query %q outside of it.", tx.db, q.DB)
	}
	req, err := q.request()
	if err != nil {
		return nil, err
	}
	a, err := tx.beginQuery(ctx, req)
	if err != nil {
		return nil, err
	}
	return newRows(a, txLane{tx, ctx}), nil
}

func (tx *Tx) beginQuery(ctx context.Context, req *wire.Request) (answer, error) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	a, err := tx.call(ctx, req)
	tx.reading = err == nil
	return a, err
}

// txLane owns the lane of a Query in a transaction, which is lost with it.
type txLane struct {
	tx  *Tx
	ctx context.Context
}

func (o txLane) complete(_ *lane, inTime bool, err error) {
	o.tx.mu.Lock()
	defer o.tx.mu.Unlock()
	if o.tx.lane == nil {
		return
	}
	o.tx.reading = false
	switch {
	case err != nil:
		_ = o.tx.failed(o.ctx, inTime, err) // it is told to the reader of the rows
	case !inTime:
		_ = o.tx.lose(o.ctx, o.ctx.Err()) // and this to the next call
	}
}

func (o txLane) broken(_ *lane, err error) error {
	o.tx.mu.Lock()
	defer o.tx.mu.Unlock()
	return o.tx.lose(o.ctx, err)
}

// abandon cancels the query and reads what is still on its way.
func (o txLane) abandon(r *Rows) error {
	frame, id, err := o.tx.c.frame(&wire.Request{Type: wire.TypeCancel, Target: r.id})
	if err == nil {
		err = r.lane.send(frame)
	}
	for more := true; more && err == nil; {
		var reply *wire.Reply
		if reply, err = r.lane.receive(r.id); err == nil {
			more = reply.More
		}
	}
	if err == nil {
		_, err = r.lane.receive(id)
	}
	inTime := r.stop()
	o.tx.mu.Lock()
	defer o.tx.mu.Unlock()
	if err != nil || !inTime {
		return o.tx.lose(o.ctx, err)
	}
	o.tx.reading = false
	return nil
}

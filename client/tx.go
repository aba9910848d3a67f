package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// BeginOptions say what a transaction is like. The zero value of each field is
// a good default.
type BeginOptions struct {
	DB string // "" is [wire.DefaultDB]
	// Idle is how long the transaction may wait for its next request, and
	// Lease how long it may last in all: it is rolled back then, because all
	// other writers wait for it. The daemon has defaults of 5 and 30 seconds
	// and limits of 1 and 10 minutes.
	Idle, Lease time.Duration
	// Timeout is how long Begin may wait for its turn. After it Begin fails
	// with CodeTimeout.
	Timeout time.Duration
	// Sync asks for another durability than the daemon's setting.
	Sync wire.Sync
	// ExpectRev, if any, is the rev that the database must have; otherwise
	// Begin fails with CodeRevMismatch.
	ExpectRev *int64
}

// Tx is a transaction over several calls. It holds the writer of its database
// from Begin to Commit or Rollback, one of which must be called. Its calls wait
// for each other. Until the rows of a Query are read or closed, the others fail
// with CodeInvalidRequest.
//
// A call fails with CodeTxExpired when the transaction is over and nothing of it
// was committed: the lease ended, the connection was lost, or the context of a
// call ended before its reply came. After any other failure it goes on, without
// what the failed call did.
type Tx struct {
	c     *Client
	db    string
	id    string
	rev   int64
	epoch string

	mu      sync.Mutex
	lane    *lane // nil when the transaction is over
	reading bool  // the lane has rows that are neither read nor closed
	over    error // what calls fail with then
	commit  *commitment
}

// Begin begins a transaction. It blocks until other writers have ended. For one
// batch that is known beforehand ExecBatch is better: it is as atomic, and
// holds up nobody.
//
// The end of ctx ends the waiting, and not a transaction that has begun.
func (c *Client) Begin(ctx context.Context, o BeginOptions) (*Tx, error) {
	a, err := c.ask(ctx, &wire.Request{
		Type: wire.TypeBegin, DB: named(o.DB), HasDB: true, Idle: o.Idle, Lease: o.Lease,
		Timeout: o.Timeout, Sync: o.Sync, ExpectRev: o.ExpectRev,
	}, c.timing.retryFor)
	if err != nil {
		return nil, err
	}
	if !a.stop() {
		a.lane.hangUp()
		return nil, gaveUpWaiting(ctx, nil)
	}
	return &Tx{c: c, db: named(o.DB), id: a.Tx, rev: value(a.Rev), epoch: value(a.Epoch), lane: a.lane}, nil
}

// ID returns the transaction's id, by which Status names it.
func (tx *Tx) ID() string { return tx.id }

// Rev returns the rev that the database had when the transaction began: no
// other writer changes it until the end.
func (tx *Tx) Rev() int64 { return tx.rev }

// Epoch returns the id of the file that Rev belongs to.
func (tx *Tx) Epoch() string { return tx.epoch }

// Exec executes statements as one batch. See [Tx.ExecBatch].
func (tx *Tx) Exec(ctx context.Context, stmts ...Stmt) (Result, error) {
	return tx.ExecBatch(ctx, Batch{Stmts: stmts})
}

// ExecBatch executes a batch within the transaction: all of it or nothing.
// Where it fails it is undone and the transaction goes on. SAVEPOINT, RELEASE
// and ROLLBACK TO are allowed, each alone in its batch. Of the Batch it takes
// Stmts, Results and Timeout; the Result has no Rev before Commit.
func (tx *Tx) ExecBatch(ctx context.Context, b Batch) (Result, error) {
	if b.DB != "" && b.DB != tx.db || b.Tx == wire.TxNone || b.RequestID != "" || b.Forget != nil || b.ExpectRev != nil || b.Sync != "" {
		return Result{}, wire.Errorf(wire.CodeInvalidRequest, "In a transaction a batch has statements, Results and Timeout: set the rest with Begin.")
	}
	stmts, err := wireStmts(b.Stmts)
	if err != nil {
		return Result{}, err
	}
	tx.mu.Lock()
	defer tx.mu.Unlock()
	a, err := tx.call(ctx, &wire.Request{Type: wire.TypeExecBatch, Stmts: stmts, Results: b.Results, Timeout: b.Timeout})
	if err != nil {
		return Result{}, err
	}
	if !a.stop() {
		return Result{}, tx.lose(ctx, ctx.Err())
	}
	return resultOf(a.Reply), nil
}

// call sends req and returns the first frame of the reply, a success, on a lane
// whose watch goes on; mu is held.
func (tx *Tx) call(ctx context.Context, req *wire.Request) (answer, error) {
	if err := tx.ready(); err != nil {
		return answer{}, err
	}
	if ctx.Err() != nil {
		return answer{}, tx.lose(ctx, ctx.Err())
	}
	req.DB, req.HasDB, req.TxID = tx.db, true, tx.id
	frame, id, err := tx.c.frame(req)
	if err != nil {
		return answer{}, err
	}
	stop := tx.lane.watch(ctx)
	reply, err := tx.lane.exchange(frame, id)
	if err == nil && reply.Err() == nil {
		return answer{Reply: reply, lane: tx.lane, id: id, stop: stop}, nil
	}
	inTime := stop()
	if err != nil {
		return answer{}, tx.lose(ctx, err)
	}
	return answer{}, tx.failed(ctx, inTime, reply.Err())
}

// ready reports why the transaction takes no request now; mu is held.
func (tx *Tx) ready() error {
	switch {
	case tx.lane == nil:
		return tx.over
	case tx.reading:
		return wire.Errorf(wire.CodeInvalidRequest, "The rows of a query of this transaction are being read: read them to the end or close them first.")
	}
	return nil
}

// failed handles a failure that the daemon told, and returns it; mu is held.
func (tx *Tx) failed(ctx context.Context, inTime bool, err error) error {
	switch wire.ErrorCode(err) {
	case wire.CodeTxExpired:
		tx.lane.settle(inTime, err)
		tx.end(err)
	case wire.CodeShuttingDown, wire.CodeFrameTooLarge:
		return tx.lose(ctx, err)
	default:
		if !inTime {
			return tx.lose(ctx, ctx.Err())
		}
	}
	return err
}

// lose gives the connection up, and with it the transaction, and returns the
// error that says so; mu is held.
func (tx *Tx) lose(ctx context.Context, err error) error {
	if tx.lane == nil {
		return tx.over
	}
	tx.lane.hangUp()
	if ctx.Err() != nil && !errors.Is(err, ErrClosed) {
		err = context.Cause(ctx)
	}
	tx.end(wire.Errorf(wire.CodeTxExpired, "The connection of the transaction has ended, and nothing of it was committed, begin anew: %w.", &phrase{err}))
	return tx.over
}

// end notes that the transaction is over and its lane no longer its own; mu is
// held.
func (tx *Tx) end(err error) { tx.lane, tx.reading, tx.over = nil, false, err }

// Rollback ends the transaction without committing anything, and does nothing
// where it is over already, so that it may be deferred. An error tells what the
// daemon said instead; the transaction is rolled back all the same.
func (tx *Tx) Rollback(ctx context.Context) error {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.lane == nil {
		return nil
	}
	done := wire.Errorf(wire.CodeInvalidRequest, "The transaction was rolled back: begin another.")
	if tx.reading { // the end of the connection is as good
		tx.lane.hangUp()
		tx.end(done)
		return nil
	}
	a, err := tx.call(ctx, &wire.Request{Type: wire.TypeRollback})
	if err == nil {
		tx.lane.settle(a.stop(), nil)
	} else if tx.lane != nil {
		tx.lane.hangUp()
	}
	tx.end(done)
	if wire.ErrorCode(err) == wire.CodeTxExpired {
		return nil
	}
	return err
}

// Update calls f with a transaction of db, which it commits when f returns nil
// and rolls back when f fails or panics. It returns f's error as it is, or that
// of Begin or Commit; CodeUnavailable says that it is not known whether the
// transaction was committed. It calls f once: what f does beside the
// transaction would happen twice otherwise. A caller whose f may be repeated
// does so on CodeTxExpired.
func (c *Client) Update(ctx context.Context, db string, f func(*Tx) error) error {
	tx, err := c.Begin(ctx, BeginOptions{DB: db})
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx) // after Commit it does nothing
	if err := f(tx); err != nil {
		return err
	}
	_, err = tx.Commit(ctx)
	return err
}

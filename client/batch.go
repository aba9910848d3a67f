package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// Stmt is one statement of a batch. Args are its parameters by place (?, ?1),
// Named those by name (:name, @name, $name); a statement has one kind or
// none. [wire.ValueOf] says what each Go value is stored as.
//
// With Rows, instead of either, it is compiled once and runs for each of them.
// Many makes them, or [wire.ParamRows.Add]. They take memory, and a batch is
// one frame: write what is large in several batches.
type Stmt struct {
	SQL   string
	Args  []any
	Named map[string]any
	Rows  *wire.ParamRows
}

// SQL returns a statement with its parameters by place.
func SQL(sql string, args ...any) Stmt { return Stmt{SQL: sql, Args: args} }

// Many returns a statement that runs once for each of rows, which are its
// parameters by place. It fails with CodeInvalidRequest where a value cannot
// be sent.
func Many(sql string, rows iter.Seq[[]any]) (Stmt, error) {
	st := Stmt{SQL: sql, Rows: &wire.ParamRows{}}
	for row := range rows {
		if err := st.Rows.Add(row...); err != nil {
			return Stmt{}, wire.Errorf(wire.CodeInvalidRequest, "Row %d of parameters: %w.", st.Rows.Len(), err)
		}
	}
	return st, nil
}

// Batch is a number of statements that are executed together. The zero value
// of each field but Stmts is a good default.
type Batch struct {
	DB    string // "" is [wire.DefaultDB]
	Stmts []Stmt
	// Tx is [wire.TxAtomic], the default: all statements or none. With
	// [wire.TxNone] each commits by itself, up to the first failure.
	Tx wire.Tx
	// Results asks for what each statement did, the rows it returned included:
	// together at most 1 MiB, or the batch fails with CodeResultTooLarge.
	Results bool
	// RequestID makes the batch happen at most once in its database, however
	// often it is sent, by this program or the next one. Without it the
	// client makes one, which protects the batch within this call.
	RequestID string
	// Forget names batches with a RequestID of the caller's that will not be
	// sent again: the daemon drops their records. The client sees to its own.
	Forget []string
	// ExpectRev, if any, is the rev that the database must have; otherwise
	// the batch fails with CodeRevMismatch.
	ExpectRev *int64
	// Sync asks for another durability than the daemon's setting.
	Sync wire.Sync
	// Timeout is how long the daemon may take. After it the batch fails with
	// CodeTimeout and is rolled back, unlike after the end of the context.
	Timeout time.Duration
}

// Result is the success of a batch.
type Result struct {
	Rev             int64  // the database's, after the batch
	Epoch           string // the file's, where the daemon tells it
	RowsAffected    int64
	LastInsertRowID int64
	Results         []StmtResult // one for each statement, where Batch.Results asks for them
	// Replayed says that the batch had been executed before, and that this is
	// the result it had then.
	Replayed bool
}

// Exec executes statements as one atomic batch. See [Client.ExecBatch].
func (c *Client) Exec(ctx context.Context, db string, stmts ...Stmt) (Result, error) {
	return c.ExecBatch(ctx, Batch{DB: db, Stmts: stmts})
}

// ExecBatch executes a batch and blocks until its reply has come. The batch is
// executed at most once, whatever happens to connections and daemons
// meanwhile. If ctx ends first, the daemon is asked to leave it; then, or if the
// client gives up, the error has
// CodeUnavailable and the batch may or may not have been executed: to find out,
// send it again with the same RequestID, which must be the caller's own for that.
//
// CodeUnavailable also comes where a reply was lost and the daemon, asked again,
// could not look the batch up. Every other error means that nothing was
// executed, but for [wire.TxNone], where RowsAffected and Rev of the [Error]
// say what was.
func (c *Client) ExecBatch(ctx context.Context, b Batch) (Result, error) {
	req, err := b.request()
	if err != nil {
		return Result{}, err
	}
	r, err := c.Do(ctx, req)
	if err != nil {
		return Result{}, err
	}
	return resultOf(r), nil
}

func resultOf(r *wire.Reply) Result {
	res := Result{
		Rev: value(r.Rev), Epoch: value(r.Epoch), RowsAffected: value(r.RowsAffected),
		LastInsertRowID: value(r.LastInsertRowID), Replayed: r.Replayed,
	}
	for _, st := range r.Results {
		res.Results = append(res.Results, StmtResult(st))
	}
	return res
}

func (b *Batch) request() (*wire.Request, error) {
	req := &wire.Request{
		Type: wire.TypeExecBatch, DB: named(b.DB), HasDB: true, Tx: b.Tx, RequestID: b.RequestID,
		Forget: b.Forget, ExpectRev: b.ExpectRev, Sync: b.Sync, Timeout: b.Timeout, Results: b.Results,
	}
	var err error
	req.Stmts, err = wireStmts(b.Stmts)
	return req, err
}

func wireStmts(stmts []Stmt) ([]wire.Stmt, error) {
	out := make([]wire.Stmt, len(stmts))
	for i, st := range stmts {
		params, err := st.params()
		if err != nil {
			return nil, wire.Errorf(wire.CodeInvalidRequest, "Statement %d: %w.", i, err)
		}
		out[i] = wire.Stmt{SQL: st.SQL, Params: params, Rows: st.Rows}
	}
	return out, nil
}

func (st *Stmt) params() (wire.Params, error) {
	switch {
	case st.Rows != nil && (st.Args != nil || st.Named != nil):
		return wire.Params{}, fmt.Errorf("it has one row of parameters or many, not both")
	case st.Named == nil:
		return wire.NewParams(st.Args...)
	case st.Args == nil:
		return wire.NamedParams(st.Named)
	}
	return wire.Params{}, fmt.Errorf("its parameters go by place or by name, not both")
}

// StmtResult is what one statement of a batch did.
type StmtResult struct {
	RowsAffected    int64
	LastInsertRowID int64
	Columns, Types  []string  // nil where it returns no rows
	Rows            wire.Rows // All reads them
}

// All yields each row that the statement returned; a [Row] is good until the
// next. An error, where the daemon sent what is no row, is the last.
func (r *StmtResult) All() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		err := r.Rows.Each(func(values []wire.Value) error {
			if !yield(values, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, wire.Errorf(wire.CodeUnavailable, "The daemon sent a row that this program cannot read: %w.", &phrase{err}))
		}
	}
}

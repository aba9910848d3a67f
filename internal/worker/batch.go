package worker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/wire"
)

// batch is one client's transaction within a group.
type batch struct {
	call *Call
	req  *wire.Request
	tx   *holding // that it belongs to, nil for one by itself

	// Of a batch with tx "none" that ended SQLite's transaction by itself: it
	// runs again up to the statement at cut, which has failed with cutErr.
	cut    int
	cutErr error
	// It ended the transaction by an error that may be due to what others in it
	// had written: it runs again as the first of one.
	first bool
	// A VACUUM was run already; what is left is its rev and its record.
	vacuumed bool

	// The outcome of the last attempt, which holds once the group is durable.
	reply  *wire.Reply // nil if the batch did not run
	failed error       // of a batch with tx "none", the statement that it ended at
	did    doings
}

// doings is what the statements of a batch did.
type doings struct {
	wrote   bool
	lasts   bool     // the transaction must not begin anew
	rows    int64    // that INSERT, UPDATE and DELETE changed themselves
	tables  []string // that may be changed
	results []wire.StmtResult
	size    int // bytes of results
}

// errVacuum stops an attempt: the batch is a VACUUM, which must run outside
// of a transaction.
var errVacuum = errors.New("the batch is a VACUUM")

// context returns the context of the batch's statements.
func (b *batch) context(parent context.Context) (context.Context, context.CancelFunc) {
	end := b.call.deadline
	if b.tx != nil && (end.IsZero() || end.After(b.tx.end)) {
		end = b.tx.end
	}
	if b.cutErr != nil { // what it is to do again, it has done in time
		return parent, func() {}
	}
	if end.IsZero() {
		return cancelable{parent, b.call}, func() {}
	}
	ctx, cancel := context.WithDeadline(parent, end)
	return cancelable{ctx, b.call}, cancel
}

// runBatch runs b within the transaction that is open, where rev is the rev
// before it. An error means that nothing of b may stay; undoing it is the
// caller's, who knows whether the transaction has other batches in it.
func (w *Worker) runBatch(b *batch, rev int64) error {
	b.reply, b.failed, b.did = nil, b.cutErr, doings{}
	// First of all: whatever else there is to say, it was executed already.
	if done, err := w.replayed(b); done || err != nil {
		return err
	}
	if b.cutErr == nil && !b.vacuumed && b.call.expired(time.Now()) {
		return timedOut("before its turn came; nothing was done")
	}
	if b.req.Type == wire.TypeCommit { // of a transaction that is over
		return ExpiredTx()
	}
	if want := b.req.ExpectRev; want != nil && *want != rev {
		return revMismatch(rev, *want)
	}
	if err := w.runStatements(b); err != nil {
		return err
	}
	return w.settle(b, rev)
}

func revMismatch(rev, want int64) *wire.Error {
	e := wire.Errorf(wire.CodeRevMismatch, "The database is at rev %d and the batch expects %d: read again and decide anew.", rev, want)
	e.Rev = &rev
	return e
}

// runStatements runs the statements of b. The failure of a batch with tx
// "none" is left in b.failed, and is no error of the batch: the statements
// before it stand.
func (w *Worker) runStatements(b *batch) error {
	w.db.ForgetInsert()
	if b.vacuumed {
		if !w.rev.writable() {
			return sqlite.ErrNotPrepared
		}
		b.did.wrote = true
		return nil
	}
	ctx, cancel := b.context(w.abort)
	defer cancel()
	for i, st := range b.req.Stmts[:b.cut] {
		before := b.did
		if err := w.runStatement(ctx, b, st); err != nil {
			b.did = before
			err = w.statementError(b, i, err)
			if isOutcome(err) && w.standsAlone(b) && w.db.InTx() {
				b.failed = err
				return w.db.RollbackToSavepoint(sqlite.StatementSavepoint)
			}
			return err
		}
	}
	if b.req.Tx != wire.TxNone && b.tx == nil {
		if err := w.checkForeignKeys(); err != nil {
			return w.statementError(b, len(b.req.Stmts)-1, err)
		}
	}
	return nil
}

// standsAlone reports whether each statement of b stands by itself, whatever
// becomes of the next. An ending daemon undoes all of them, so that the client
// can ask the next daemon.
func (w *Worker) standsAlone(b *batch) bool { return b.req.Tx == wire.TxNone && w.abort.Err() == nil }

// runStatement runs one statement, with tx "none" in a savepoint of its own,
// which an error leaves in place.
func (w *Worker) runStatement(ctx context.Context, b *batch, st wire.Stmt) error {
	if b.req.Tx != wire.TxNone {
		return w.runAsked(ctx, b, st)
	}
	if len(b.req.Stmts) == 1 && sqlite.IsVacuum(st.SQL) {
		return errVacuum
	}
	if err := w.db.Savepoint(sqlite.StatementSavepoint); err != nil {
		return err
	}
	if err := w.runAsked(ctx, b, st); err != nil {
		return err
	}
	if err := w.checkForeignKeys(); err != nil {
		return err
	}
	return w.db.ReleaseSavepoint(sqlite.StatementSavepoint)
}

// runAsked runs one statement and notes what it did.
func (w *Worker) runAsked(ctx context.Context, b *batch, st wire.Stmt) error {
	o := sqlite.RunOptions{Writable: w.rev.writable(), Savepoints: b.setsSavepoint(), Held: b.tx != nil}
	if b.req.Results {
		o.Rows = &sqlite.Rows{Limit: max(1, wire.MaxResults-b.did.size)}
	}
	r, err := w.db.Run(ctx, st, o)
	if err == nil && b.req.Results {
		err = b.did.addResult(r, o.Rows, w.db.LastInsertRowID())
	}
	if wire.ErrorCode(err) == wire.CodeResultTooLarge {
		err = wire.Errorf(wire.CodeResultTooLarge, "The results of the batch have more than %d bytes of JSON, the limit, and it was rolled back: ask for fewer, or use Query.", wire.MaxResults)
	}
	if err != nil {
		if st.Rows != nil {
			err = atRow(err, r.Row)
		}
		return err
	}
	b.did.rows += r.Rows
	b.did.wrote, b.did.lasts = b.did.wrote || r.Wrote, b.did.lasts || r.Lasts
	b.did.tables = addTables(b.did.tables, r.Tables)
	return nil
}

// atRow says in a client's error which row of its parameters has failed.
func atRow(err error, row int) error {
	e, ok := errors.AsType[*wire.Error](err)
	if !ok || row < 0 {
		return err
	}
	told := *e
	told.RowIndex = &row
	return &told
}

// setsSavepoint reports whether b is a client's own savepoint in its
// transaction.
func (b *batch) setsSavepoint() bool {
	return b.tx != nil && len(b.req.Stmts) == 1 && sqlite.IsSavepoint(b.req.Stmts[0].SQL)
}

// addResult adds what a statement did. What its columns are called counts as
// well: a batch may have many statements.
func (d *doings) addResult(r sqlite.Result, rows *sqlite.Rows, last int64) error {
	result := wire.StmtResult{
		RowsAffected: r.Rows, LastInsertRowID: last, Columns: rows.Columns, Types: rows.Types, Rows: wire.RowsOf(rows.Take(nil)),
	}
	const frame = 80 // bytes of JSON around it
	d.size += frame + len(result.Rows.Text())
	for i, name := range result.Columns {
		d.size += len(name) + len(result.Types[i]) + 8
	}
	if d.size > wire.MaxResults {
		return wire.Errorf(wire.CodeResultTooLarge, "too large")
	}
	d.results = append(d.results, result)
	return nil
}

// maxTables bounds the tables that are told of a batch or a group; of more
// than that nothing is told but that there are many.
const maxTables = 256

// addTables adds those names to the list that are not in it.
func addTables(list, more []string) []string {
	for _, name := range more {
		if len(list) <= maxTables && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// checkForeignKeys fails where the transaction would fail to commit by a
// deferred foreign key. Each batch leaves none behind, so what is found is
// this batch's doing.
func (w *Worker) checkForeignKeys() error {
	if !w.cfg.ForeignKeys {
		return nil
	}
	violated, err := w.db.DeferredViolations()
	if err == nil && violated {
		err = sqlite.ForeignKeyError()
	}
	return err
}

var (
	errMemory = &wire.Error{Code: wire.CodeSQLError, SQLiteCode: "SQLITE_NOMEM", Message: "The statement needs more memory than one database may use: split it."}
	errLocked = &wire.Error{Code: wire.CodeIOError, Retryable: true, Message: "Another process holds a lock on the database: ask again."}
)

// statementError says what the client is told of the failure of statement i
// of b, which is nil where the engine itself failed.
func (w *Worker) statementError(b *batch, i int, err error) error {
	undone := "the batch"
	if b != nil && w.standsAlone(b) {
		undone = "this statement"
	}
	var e *wire.Error
	switch {
	case errors.Is(err, sqlite.ErrNotPrepared), errors.Is(err, errVacuum):
		return err
	case errors.Is(err, sqlite.ErrInterrupted) && w.abort.Err() != nil:
		e = wire.Errorf(wire.CodeShuttingDown, "The daemon is ending and the batch was rolled back: ask again.")
	case errors.Is(err, sqlite.ErrInterrupted) && b != nil && b.call.gaveUp.Load():
		e = wire.Errorf(wire.CodeCancelled, "The request was cancelled while statement %d ran; %s was rolled back.", i, undone)
	case errors.Is(err, sqlite.ErrInterrupted):
		e = timedOut("while statement %d ran; %s was rolled back", i, undone)
	case errors.Is(err, sqlite.ErrOutOfMemory):
		e = errMemory
	case errors.Is(err, sqlite.ErrBusy):
		e = errLocked
	default:
		if e = wire.AsError(err); e.Code == wire.CodeInternal {
			w.cfg.Log.Error("statement failed", "statement", i, "error", err)
		}
	}
	told := *e
	told.StatementIndex = &i
	return &told
}

// isOutcome reports whether err is something that the client is told, and not
// a reason to start again.
func isOutcome(err error) bool {
	_, ok := errors.AsType[*wire.Error](err)
	return ok
}

// settle gives b its rev and its reply, and keeps its record, all within the
// transaction.
func (w *Worker) settle(b *batch, rev int64) error {
	if b.did.wrote {
		rev++
	}
	if epoch := w.rev.told(); b.failed == nil && b.did.results == nil {
		b.reply = wire.Ack(rev, epoch, b.did.rows, w.db.LastInsertRowID())
	} else {
		w.reply(b)
		b.reply.Rev, b.reply.Epoch = &rev, &epoch
	}
	return w.record(b)
}

// reply makes the reply of b, but for rev and epoch.
func (w *Worker) reply(b *batch) {
	b.reply = wire.OK()
	if b.failed != nil {
		b.reply = wire.Failure(b.failed)
		if b.did.wrote { // what stands would be done twice
			b.reply.Retryable = new(bool)
		}
	} else {
		last := w.db.LastInsertRowID()
		b.reply.LastInsertRowID = &last
	}
	b.reply.RowsAffected, b.reply.Results = &b.did.rows, b.did.results
}

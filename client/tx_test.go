package client

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/wire"
)

func begin(t *testing.T, c *Client) *Tx {
	t.Helper()
	tx, err := c.Begin(bg(t), BeginOptions{DB: "a.db"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tx.Rollback(bg(t)) })
	return tx
}

// A transaction is committed as a whole, and its lane is used again.
func TestTx(t *testing.T) {
	s, d, c := store(t)
	write(t, c, "a.db", "old")
	rev := int64(1)
	tx, err := c.Begin(bg(t), BeginOptions{DB: "a.db", Idle: 1e9, Lease: 2e9, Timeout: 3e9, Sync: wire.SyncFull, ExpectRev: &rev})
	check(t, err, []any{tx.Rev(), tx.Epoch(), tx.ID()}, []any{int64(1), "e1", "tx-1"})
	r := d.Requests()[1]
	check(t, nil, []any{r.Idle, r.Lease, r.Timeout, r.Sync, *r.ExpectRev}, []any{r.Idle, 2 * r.Idle, 3 * r.Idle, wire.SyncFull, rev})
	res, err := tx.Exec(bg(t), SQL("new"), SQL("newer"))
	check(t, err, res, Result{RowsAffected: 2, LastInsertRowID: 3})
	_, err = tx.ExecBatch(bg(t), Batch{Stmts: []Stmt{SQL("lost"), SQL("fail")}, Results: true})
	wantCode(t, err, wire.CodeSQLError)
	rows, err := tx.Select(bg(t), "x")
	check(t, nil, texts(t, rows, err), []string{"1 old", "2 new", "3 newer"})
	check(t, nil, s.Executed("a.db"), []string{"old"})
	done, err := tx.Commit(bg(t))
	check(t, err, done, Committed{Rev: 2})
	check(t, nil, s.Executed("a.db"), []string{"old", "new", "newer"})
	check(t, tx.Rollback(bg(t)), c.lanesNow(), [2]int{1, 1})
	_, err = tx.Exec(bg(t), SQL("late"))
	wantCode(t, err, wire.CodeInvalidRequest)
	_, err = tx.Commit(bg(t))
	wantCode(t, err, wire.CodeInvalidRequest)

	tx = begin(t, c)
	_, err = tx.Exec(bg(t), SQL("undone"))
	check(t, err, tx.Rollback(bg(t)), nil)
	_, err = tx.Select(bg(t), "x")
	wantCode(t, err, wire.CodeInvalidRequest)
	check(t, nil, len(s.Executed("a.db")), 3)
}

// The record of a Commit is forgotten as a batch's is.
func TestTxForgets(t *testing.T) {
	s, _, c := store(t)
	for range 3 {
		tx := begin(t, c)
		_, err := tx.Exec(bg(t), SQL("x"))
		check(t, err, s.Records("a.db") <= 1, true)
		if _, err := tx.Commit(bg(t)); err != nil {
			t.Fatal(err)
		}
		write(t, c, "a.db", "y")
		check(t, nil, s.Records("a.db"), 1)
	}
}

// What a batch of a transaction cannot have is refused.
func TestTxRefused(t *testing.T) {
	_, d, c := store(t)
	tx := begin(t, c)
	for _, b := range []Batch{{DB: "b.db"}, {Tx: wire.TxNone}, {RequestID: "x"}, {Forget: []string{"x"}}, {ExpectRev: new(int64)}, {Sync: wire.SyncFull}, {Stmts: []Stmt{SQL("x", "\xff")}}} {
		_, err := tx.ExecBatch(bg(t), b)
		wantCode(t, err, wire.CodeInvalidRequest)
	}
	_, err := tx.Query(bg(t), Query{DB: "b.db", Stmt: SQL("x")})
	wantCode(t, err, wire.CodeInvalidRequest)
	check(t, nil, len(d.Requests()), 1)
}

// While rows are read, a transaction takes nothing else; closing them early
// cancels the query and leaves the transaction as it is.
func TestTxReading(t *testing.T) {
	s, d, c := store(t)
	write(t, c, "a.db", "a", "b", "c", "d", "e", "f", "g")
	tx := begin(t, c)
	rows, err := tx.Select(bg(t), "x")
	if err != nil {
		t.Fatal(err)
	}
	for range rows.All() {
		_, err := tx.Exec(bg(t), SQL("x"))
		wantCode(t, err, wire.CodeInvalidRequest)
		_, err = tx.Commit(bg(t))
		wantCode(t, err, wire.CodeInvalidRequest)
		break
	}
	r := d.Requests()
	check(t, nil, []string{string(r[3].Type), string(r[3].Target)}, []string{"Cancel", string(r[2].ID)})
	_, err = tx.Exec(bg(t), SQL("h"))
	check(t, err, len(s.Executed("a.db")), 7)
	_, err = tx.Select(bg(t), "fail")
	wantCode(t, err, wire.CodeSQLError)
	_, err = tx.Commit(bg(t))
	check(t, err, len(s.Executed("a.db")), 8)

	tx = begin(t, c)
	rows, err = tx.Select(bg(t), "x")
	check(t, err, tx.Rollback(bg(t)), nil)
	for range rows.All() { // it ends, with what had come already
	}
	check(t, rows.Close(), c.lanesNow(), [2]int{0, 0})
}

// A lost connection, and a context that ends during a call, end a transaction
// and say that nothing was committed.
func TestTxLost(t *testing.T) {
	s, d, c := store(t)
	tx := begin(t, c)
	d.HangUp()
	_, err := tx.Exec(bg(t), SQL("a"))
	wantCode(t, err, wire.CodeTxExpired)
	_, err = tx.Commit(bg(t))
	wantCode(t, err, wire.CodeTxExpired)
	check(t, tx.Rollback(bg(t)), c.lanesNow(), [2]int{0, 0})

	tx = begin(t, c)
	ctx, cancel := context.WithCancel(bg(t))
	cancel()
	_, err = tx.Exec(ctx, SQL("b"))
	if wantCode(t, err, wire.CodeTxExpired); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cause context.Canceled", err)
	}

	write(t, c, "a.db", "a", "b", "c", "d", "e", "f", "g")
	tx = begin(t, c)
	ctx, cancel = context.WithCancel(bg(t))
	defer cancel()
	rows, err := tx.Select(ctx, "x")
	check(t, err, tx.over, nil)
	for range rows.All() {
		cancel()
		break
	}
	if err := tx.Rollback(bg(t)); err != nil {
		t.Fatal(err)
	}

	tx = begin(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = tx.Exec(bg(t), SQL("c"))
	if wantCode(t, err, wire.CodeTxExpired); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want the cause ErrClosed", err)
	}
	check(t, nil, len(s.Executed("a.db")), 7)
}

// Update commits, or rolls back where its function fails or panics.
func TestUpdate(t *testing.T) {
	s, _, c := store(t)
	insert := func(tx *Tx) error { _, err := tx.Exec(bg(t), SQL("a")); return err }
	check(t, c.Update(bg(t), "a.db", insert), s.Executed("a.db"), []string{"a"})
	mine := errors.New("mine")
	err := c.Update(bg(t), "a.db", func(tx *Tx) error { return errors.Join(insert(tx), mine) })
	if !errors.Is(err, mine) {
		t.Errorf("got %v, want %v", err, mine)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was lost")
			}
		}()
		_ = c.Update(bg(t), "a.db", func(tx *Tx) error { _ = insert(tx); panic("x") })
	}()
	check(t, nil, s.Executed("a.db"), []string{"a"})
	check(t, nil, c.lanesNow(), [2]int{1, 1})
}

// A Commit whose reply is lost, before or after it was executed, is asked for
// again and answered truly.
func TestCommitLost(t *testing.T) {
	for name, test := range map[string]struct {
		executed bool
		answer   *wire.Reply // to the first Commit, nil hangs up
		want     wire.Code
	}{
		"executed":               {true, nil, ""},
		"not executed":           {false, nil, wire.CodeTxExpired},
		"the daemon ends":        {false, wire.Failure(wire.Errorf(wire.CodeShuttingDown, "Ending.")), wire.CodeTxExpired},
		"the disk failed, maybe": {true, wire.Failure(&wire.Error{Code: wire.CodeIOError, Retryable: true}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := fakedaemon.NewStore(t.TempDir())
			var commits atomic.Int64
			d, c := served(t, func(call *fakedaemon.Call) bool {
				if call.Type != wire.TypeCommit || commits.Add(1) > 1 {
					return s.Serve(call)
				}
				if test.executed {
					s.Transact(call)
				}
				return test.answer != nil && call.Send(test.answer)
			})
			tx := begin(t, c)
			_, err := tx.Exec(bg(t), SQL("a"))
			check(t, err, len(s.Executed("a.db")), 0)
			done, err := tx.Commit(bg(t))
			wantCode(t, err, test.want)
			if test.executed {
				check(t, nil, done, Committed{Rev: 1, Replayed: true})
			}
			r := d.Requests()
			check(t, nil, len(r), 4)
			check(t, nil, r[3].RequestID, r[2].RequestID)
			_, err = tx.Commit(bg(t))
			if err == nil {
				t.Error("a transaction that is over was committed")
			}
		})
	}
}

// Where no answer can be had the error says so, and Commit may be called again.
func TestCommitUnknown(t *testing.T) {
	s := fakedaemon.NewStore(t.TempDir())
	var commits atomic.Int64
	executed := make(chan struct{})
	_, c := served(t, func(call *fakedaemon.Call) bool {
		if call.Type != wire.TypeCommit {
			return s.Serve(call)
		}
		switch commits.Add(1) {
		case 1:
			s.Transact(call)
			close(executed)
			<-call.Ended
			return false
		case 2:
			return call.Send(wire.Failure(wire.Errorf(wire.CodeDatabaseClosed, "Closed.")))
		}
		return s.Serve(call)
	})
	tx := begin(t, c)
	_, err := tx.Exec(bg(t), SQL("a"))
	ctx, cancel := context.WithCancel(bg(t))
	go func() { <-executed; cancel() }()
	check(t, err, tx.over, nil)
	_, err = tx.Commit(ctx)
	if wantCode(t, err, wire.CodeUnavailable); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cause context.Canceled", err)
	}
	_, err = tx.Exec(bg(t), SQL("b"))
	wantCode(t, err, wire.CodeUnavailable)
	_, err = tx.Commit(bg(t))
	wantCode(t, err, wire.CodeUnavailable)
	done, err := tx.Commit(bg(t))
	check(t, err, done, Committed{Rev: 1, Replayed: true})
}

// A Commit that fails has rolled the transaction back.
func TestCommitFails(t *testing.T) {
	s := fakedaemon.NewStore(t.TempDir())
	_, c := served(t, func(call *fakedaemon.Call) bool {
		if call.Type == wire.TypeCommit {
			return call.Send(wire.Failure(wire.Errorf(wire.CodeSQLError, "FOREIGN KEY constraint failed.")))
		}
		return s.Serve(call)
	})
	tx := begin(t, c)
	_, err := tx.Commit(bg(t))
	wantCode(t, err, wire.CodeSQLError)
	_, err = tx.Commit(bg(t))
	wantCode(t, err, wire.CodeTxExpired)
	check(t, nil, c.lanesNow(), [2]int{1, 1})
}

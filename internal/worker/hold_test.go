package worker

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/sqlite/faultvfs"
	"github.com/skylinedb/skylinedb/wire"
)

// heldTx is a transaction as a connection has it.
type heldTx struct {
	h  *harness
	tx *Tx
}

// begin begins a transaction.
func (h *harness) begin(req *wire.Request) (*heldTx, *wire.Reply) {
	h.t.Helper()
	req.Type = wire.TypeBegin
	c := NewCall(req, 0, time.Now())
	c.Tx = NewTx(0)
	ended := make(chan struct{})
	c.Tx.OnEnd(func() { close(ended) })
	h.t.Cleanup(func() { // in any case, and once
		c.Tx.Leave()
		h.wait(ended)
	})
	return &heldTx{h, c.Tx}, h.reply(h.submitCall(c))
}

// mustBegin is begin for one that succeeds.
func (h *harness) mustBegin() *heldTx {
	h.t.Helper()
	x, r := h.begin(&wire.Request{})
	if err := r.Err(); err != nil {
		h.t.Fatal(err)
	}
	return x
}

// ask sends a request within the transaction.
func (x *heldTx) ask(req *wire.Request) *wire.Reply {
	x.h.t.Helper()
	req.TxID = x.tx.ID
	c := NewCall(req, 0, time.Now())
	if req.Type == wire.TypeQuery {
		c.Stream = NewStream(1 << 20)
	}
	x.tx.Submit(c)
	return x.h.reply(c)
}

// want checks the outcome of a batch of the transaction.
func (x *heldTx) want(want string, stmts ...string) {
	x.h.t.Helper()
	if got := show(x.ask(batchOf(stmts...))); got != want {
		x.h.t.Errorf("%q in the transaction: %s, want %s", stmts, got, want)
	}
}

// sees checks what a query of the transaction returns.
func (x *heldTx) sees(sql, want string) {
	x.h.t.Helper()
	r := x.ask(&wire.Request{Type: wire.TypeQuery, SQL: sql})
	if got := string(r.Rows.Text()); r.Err() != nil || got != want {
		x.h.t.Errorf("%s in the transaction: %s, %s, want %s", sql, show(r), got, want)
	}
}

// ends checks the outcome of a Commit, a Rollback or anything else.
func (x *heldTx) ends(typ wire.Type, want string) {
	x.h.t.Helper()
	if got := show(x.ask(&wire.Request{Type: typ})); got != want {
		x.h.t.Errorf("%s: %s, want %s", typ, got, want)
	}
}

func TestTransaction(t *testing.T) {
	h := serving(t)
	x := h.mustBegin()
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	x.want("ok rows 3", `INSERT INTO t VALUES(2),(3)`, `UPDATE t SET a = 10 WHERE a = 1`)
	x.sees(`SELECT a FROM t`, `[[10],[2],[3]]`)
	h.wantQuery(`SELECT count(*) FROM t`, "0")
	x.ends(wire.TypeCommit, "ok rev 2")
	h.wantQuery(`SELECT a FROM t`, "10 2 3")
	x.ends(wire.TypeCommit, "TX_EXPIRED")
	x.want("TX_EXPIRED", `DELETE FROM t`)

	x = h.mustBegin()
	x.want("ok rows 3", `DELETE FROM t`)
	x.ends(wire.TypeRollback, "ok")
	x.ends(wire.TypeRollback, "TX_EXPIRED")
	h.wantQuery(`SELECT a FROM t`, "10 2 3")
	if got := h.state(); got != "open 2" {
		t.Errorf("state %s, want open 2", got)
	}
}

// What fails in a transaction is undone, and nothing else.
func TestTransactionGoesOnAfterAFailure(t *testing.T) {
	h := serving(t)
	h.ok(batchOf(`INSERT INTO t VALUES(0)`))
	x := h.mustBegin()
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	x.want("SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 1", `INSERT INTO t VALUES(2)`, `INSERT INTO t VALUES(0)`)
	x.want("SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 0", `INSERT OR FAIL INTO t VALUES(3),(1)`)
	x.want("SQL_ERROR SQLITE_ERROR at 0", `INSERT INTO nowhere VALUES(1)`)
	x.want("FORBIDDEN_STATEMENT at 0", `COMMIT`)
	x.want("FORBIDDEN_STATEMENT at 0", `ROLLBACK`)
	x.want("FORBIDDEN_STATEMENT at 1", `SELECT 1`, `SAVEPOINT s`)
	x.want("FORBIDDEN_STATEMENT at 0", `VACUUM`)
	if r := x.ask(&wire.Request{Type: wire.TypeQuery, SQL: `DELETE FROM t RETURNING a`}); r.Code != wire.CodeForbiddenStatement {
		t.Errorf("a Query that writes: %s", show(r))
	}
	x.sees(`SELECT a FROM t`, `[[0],[1]]`)
	x.ends(wire.TypeCommit, "ok rev 3")
	h.wantQuery(`SELECT a FROM t`, "0 1")
}

// Where SQLite rolls the transaction back, it is over, and nobody writes
// outside of it.
func TestTransactionThatSQLiteEnds(t *testing.T) {
	for _, sql := range []string{
		`INSERT OR ROLLBACK INTO t VALUES(0)`,
		`CREATE TRIGGER g BEFORE DELETE ON t BEGIN SELECT RAISE(ROLLBACK, 'no'); END; DELETE FROM t`,
	} {
		h := serving(t)
		h.ok(batchOf(`INSERT INTO t VALUES(0)`))
		x := h.mustBegin()
		x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
		if r := x.ask(batchOf(`INSERT INTO t VALUES(2)`, sql, `INSERT INTO t VALUES(3)`)); r.Code != wire.CodeSQLError {
			t.Errorf("%s: %s, want SQL_ERROR", sql, show(r))
		}
		x.want("TX_EXPIRED", `INSERT INTO t VALUES(4)`)
		x.ends(wire.TypeCommit, "TX_EXPIRED")
		h.wantQuery(`SELECT a FROM t`, "0")
		h.ok(batchOf(`INSERT INTO t VALUES(5)`))
	}
}

func TestTransactionSavepoints(t *testing.T) {
	h := serving(t)
	x := h.mustBegin()
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	for _, name := range []string{"one", "batch", `"sta tement"`} {
		x.want("ok rows 0", `SAVEPOINT `+name)
		x.want("ok rows 1", `INSERT INTO t VALUES(2)`)
		x.want("SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 0", `INSERT INTO t VALUES(2)`)
		x.want("ok rows 0", ` -- back
			ROLLBACK TO `+name)
		x.sees(`SELECT a FROM t`, `[[1]]`)
		x.want("ok rows 0", `RELEASE `+name)
	}
	x.want("SQL_ERROR SQLITE_ERROR at 0", `RELEASE nothing`)
	x.want("FORBIDDEN_STATEMENT at 0", `SAVEPOINT more; INSERT INTO t VALUES(3)`)
	x.want("ok rows 0", `SAVEPOINT more; -- and nothing else`)
	x.ends(wire.TypeCommit, "ok rev 2")
	h.wantQuery(`SELECT a FROM t`, "1")
	// Not by the statement that was compiled then.
	for _, sql := range []string{`SAVEPOINT one`, `RELEASE one`, `SAVEPOINT batch`} {
		h.fails(batchOf(sql), wire.CodeForbiddenStatement)
	}
}

func TestTransactionChecksDeferredKeysAtItsEnd(t *testing.T) {
	h := serving(t)
	h.ok(batchOf(`CREATE TABLE p(id INTEGER PRIMARY KEY)`, `CREATE TABLE c(p REFERENCES p DEFERRABLE INITIALLY DEFERRED)`))
	x := h.mustBegin()
	x.want("ok rows 1", `INSERT INTO c VALUES(1)`)
	x.want("ok rows 1", `INSERT INTO p VALUES(1)`)
	x.ends(wire.TypeCommit, "ok rev 3")
	x = h.mustBegin()
	x.want("ok rows 1", `INSERT INTO c VALUES(2)`)
	x.ends(wire.TypeCommit, "SQL_ERROR SQLITE_CONSTRAINT_FOREIGNKEY")
	x.ends(wire.TypeCommit, "TX_EXPIRED")
	h.wantQuery(`SELECT p FROM c`, "1")

	// All keys may be deferred, for this transaction and no other.
	h.ok(batchOf(`CREATE TABLE d(p REFERENCES p)`))
	x = h.mustBegin()
	x.want("SQL_ERROR SQLITE_CONSTRAINT_FOREIGNKEY at 0", `INSERT INTO d VALUES(3)`)
	x.want("ok rows 0", `PRAGMA defer_foreign_keys = ON`)
	x.want("ok rows 1", `INSERT INTO d VALUES(3)`)
	x.want("ok rows 1", `INSERT INTO p VALUES(3)`)
	x.ends(wire.TypeCommit, "ok rev 5")
	h.fails(batchOf(`INSERT INTO d VALUES(4)`), wire.CodeSQLError)
	h.fails(batchOf(`PRAGMA defer_foreign_keys = ON`), wire.CodeForbiddenStatement)
}

func TestCommitAskedAgain(t *testing.T) {
	h := serving(t)
	x := h.mustBegin()
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	commit := func(tx string) *wire.Request {
		return &wire.Request{Type: wire.TypeCommit, TxID: tx, RequestID: "c"}
	}
	if got := show(x.ask(commit(x.tx.ID))); got != "ok rev 2" {
		t.Fatalf("Commit: %s, want ok rev 2", got)
	}
	again := func(when string) {
		t.Helper()
		if got := show(h.do(commit(x.tx.ID))); got != "ok rev 2 replayed" {
			t.Errorf("%s: %s, want ok rev 2 replayed", when, got)
		}
	}
	again("at once")
	h.stop()
	again("after the worker's end")
	h.forget()
	again("after the daemon's end")
	h.fails(commit("tx-another"), wire.CodeRequestIDReused)
	h.fails(&wire.Request{Type: wire.TypeCommit, TxID: x.tx.ID, RequestID: "d"}, wire.CodeTxExpired)
	h.fails(withID("c", batchOf(`DELETE FROM t`)), wire.CodeRequestIDReused)

	// One of a batch that was executed rolls the transaction back.
	h.ok(withID("b", batchOf(`INSERT INTO t VALUES(2)`)))
	x = h.mustBegin()
	x.want("ok rows 1", `INSERT INTO t VALUES(3)`)
	if r := x.ask(&wire.Request{Type: wire.TypeCommit, RequestID: "b"}); r.Code != wire.CodeRequestIDReused {
		t.Errorf("a Commit with the id of a batch: %s", show(r))
	}
	h.wantQuery(`SELECT a FROM t`, "1 2")
}

// A Commit that is told again is synced first: its Begin may have asked for it.
func TestCommitAskedAgainIsSynced(t *testing.T) {
	h := newHarness(t)
	disk := h.onFailingDisk()
	h.ok(batchOf(`CREATE TABLE t(a)`))
	x, r := h.begin(&wire.Request{Sync: wire.SyncFull})
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	commit := &wire.Request{Type: wire.TypeCommit, TxID: x.tx.ID, RequestID: "c"}
	x.ask(commit)
	var syncs atomic.Int64
	disk.Fail(func(op faultvfs.Op) error {
		if op.Kind == faultvfs.Sync && op.OnLog() {
			syncs.Add(1)
		}
		return nil
	})
	if got := show(h.do(commit)); got != "ok rev 2 replayed" {
		t.Errorf("the Commit again: %s", got)
	}
	disk.Fail(nil)
	if syncs.Load() == 0 {
		t.Error("the log was not synced before the Commit was told again")
	}
}

func TestBeginExpectsRev(t *testing.T) {
	h := serving(t)
	if _, r := h.begin(expecting(7, &wire.Request{})); show(r) != "REV_MISMATCH rev 1" {
		t.Errorf("Begin: %s, want REV_MISMATCH rev 1", show(r))
	}
	x, r := h.begin(expecting(1, &wire.Request{}))
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	x.ends(wire.TypeRollback, "ok")
}

// A transaction that only reads leaves the file as it is, whatever its mode,
// and one that fails to write does as well.
func TestTransactionThatWritesNothing(t *testing.T) {
	for _, mode := range []string{"DELETE", "WAL"} {
		h := newHarness(t)
		o := h.outside()
		o.exec(`PRAGMA journal_mode=` + mode)
		o.exec(`CREATE TABLE t(a UNIQUE)`)
		o.close()
		before := h.hash()
		for _, end := range []wire.Type{wire.TypeCommit, wire.TypeRollback} {
			x := h.mustBegin()
			x.sees(`SELECT count(*) FROM t`, `[[0]]`)
			x.want("ok rows 0", `SELECT 1`)
			x.want("SQL_ERROR SQLITE_ERROR at 0", `INSERT INTO nowhere VALUES(1)`)
			x.want("SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 0", `INSERT INTO t VALUES(1),(1)`)
			x.sees(`SELECT count(*) FROM t`, `[[0]]`)
			if r := x.ask(&wire.Request{Type: end}); r.Err() != nil {
				t.Errorf("%s: %v", end, r.Err())
			}
		}
		h.stop()
		if h.hash() != before {
			t.Errorf("in mode %s the file has changed", mode)
		}
	}
}

// The first write makes the file ready, and what was read before holds.
func TestTransactionInAFileThatIsNotReady(t *testing.T) {
	for _, mode := range []string{"", "DELETE", "WAL"} {
		h := newHarness(t)
		if mode != "" {
			o := h.outside()
			o.exec(`PRAGMA journal_mode=` + mode)
			o.exec(`CREATE TABLE u(a)`)
			o.close()
		}
		x := h.mustBegin()
		x.sees(`SELECT 1`, `[[1]]`)
		x.want("ok rows 1", `CREATE TABLE t(a)`, `INSERT INTO t VALUES(1)`)
		x.want("ok rows 1", `INSERT INTO t VALUES(2)`)
		x.sees(`SELECT a FROM t`, `[[1],[2]]`)
		x.ends(wire.TypeCommit, "ok rev 1")
		h.wantQuery(`SELECT a FROM t`, "1 2")
		h.wantQuery(`PRAGMA journal_mode`, "wal")
	}
}

// What is no database any more when the transaction begins again is told as
// such, and the worker goes on.
func TestTransactionInAFileThatBreaks(t *testing.T) {
	h := newHarness(t)
	h.outside().exec(`CREATE TABLE t(a)`)
	x := h.mustBegin()
	x.sees(`SELECT count(*) FROM t`, `[[0]]`)
	if err := os.WriteFile(h.file, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := x.ask(batchOf(`INSERT INTO t VALUES(1)`)); r.Err() == nil || r.Code == wire.CodeInternal {
		t.Errorf("a write to what is no database: %s", show(r))
	}
	x.want("TX_EXPIRED", `SELECT 1`)
	h.fails(batchOf(`INSERT INTO t VALUES(1)`), wire.CodeNotADatabase)
}

func TestTransactionBesideAnotherProcess(t *testing.T) {
	h := newHarness(t)
	h.outside().exec(`CREATE TABLE t(a)`)
	x := h.mustBegin()
	x.sees(`SELECT count(*) FROM t`, `[[0]]`)
	o := h.outside()
	o.exec(`PRAGMA busy_timeout = 0`)
	if err := o.db.Exec(`INSERT INTO t VALUES(1)`); err == nil {
		t.Error("another process writes while the transaction holds the writer")
	}
	x.want("ok rows 1", `INSERT INTO t VALUES(2)`)
	x.ends(wire.TypeCommit, "ok rev 1")
	h.wantQuery(`SELECT a FROM t`, "2")
}

func TestTransactionsLease(t *testing.T) {
	for _, tt := range []struct {
		name string
		req  wire.Request
		do   func(x *heldTx)
	}{
		{"idle", wire.Request{Idle: time.Millisecond}, func(*heldTx) {}},
		{"lease", wire.Request{Lease: time.Millisecond}, func(*heldTx) {}},
		{"lease, and busy", wire.Request{Lease: 50 * time.Millisecond}, func(x *heldTx) {
			for x.ask(batchOf(`SELECT 1`)).Err() == nil {
			}
		}},
		{"lease, in a statement", wire.Request{Lease: 50 * time.Millisecond}, func(x *heldTx) {
			x.want("TX_EXPIRED", endless+` SELECT i FROM n`)
		}},
		{"lease, in a query", wire.Request{Lease: 50 * time.Millisecond}, func(x *heldTx) {
			if r := x.ask(&wire.Request{Type: wire.TypeQuery, SQL: endless + ` SELECT count(*) FROM n`}); r.Code != wire.CodeTxExpired {
				x.h.t.Errorf("a query at the lease's end: %s", show(r))
			}
		}},
		{"connection", wire.Request{}, func(x *heldTx) { x.tx.Leave() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := serving(t)
			x, r := h.begin(&tt.req)
			if r.Err() != nil {
				t.Fatal(r.Err())
			}
			x.ask(batchOf(`INSERT INTO t VALUES(1)`)) // in time or not
			tt.do(x)
			h.ok(batchOf(`INSERT INTO t VALUES(2)`)) // when the writer is free
			x.want("TX_EXPIRED", `INSERT INTO t VALUES(3)`)
			h.wantQuery(`SELECT a FROM t`, "2")
		})
	}
}

// A statement that runs for a transaction whose connection has ended, and that
// nobody has committed, holds the writer no longer.
func TestTransactionOfAConnectionThatEndsInAStatement(t *testing.T) {
	for _, req := range []*wire.Request{
		batchOf(endless + ` INSERT INTO t SELECT i FROM n`), batchOf(endless + ` SELECT i FROM n`), {Type: wire.TypeQuery, SQL: endless + ` SELECT count(*) FROM n`},
	} {
		h := serving(t)
		x := h.mustBegin()
		c := NewCall(req, 0, time.Now())
		if req.Type == wire.TypeQuery {
			c.Stream = NewStream(1 << 20)
		}
		x.tx.Submit(c)
		x.tx.Leave()
		h.ok(batchOf(`INSERT INTO t VALUES(1)`)) // when the writer is free
		h.wantQuery(`SELECT a FROM t`, "1")
	}
}

// What a connection has sent is done though it ends at once.
func TestTransactionOfAConnectionThatEnds(t *testing.T) {
	h := serving(t)
	x := h.mustBegin()
	insert := NewCall(batchOf(`INSERT INTO t VALUES(1)`), 0, time.Now())
	commit := NewCall(&wire.Request{Type: wire.TypeCommit}, 0, time.Now())
	x.tx.Submit(insert)
	x.tx.Submit(commit)
	x.tx.Leave()
	if got := show(h.reply(insert)); got != "ok rows 1" {
		t.Errorf("a batch: %s", got)
	}
	if got := show(h.reply(commit)); got != "ok rev 2" {
		t.Errorf("the Commit: %s", got)
	}
}

// A Commit that is given up before it is taken rolls the transaction back.
func TestCommitThatIsGivenUp(t *testing.T) {
	for _, typ := range []wire.Type{wire.TypeCommit, wire.TypeRollback} {
		h := serving(t)
		x := h.mustBegin()
		busy := NewCall(batchOf(endless+` SELECT i FROM n`), 0, time.Now())
		end := NewCall(&wire.Request{Type: typ}, 0, time.Now())
		x.tx.Submit(busy)
		x.tx.Submit(end)
		end.Cancel()
		busy.Cancel()
		if got := show(h.reply(busy)); got != "CANCELLED at 0" && got != "CANCELLED" {
			t.Errorf("the batch: %s", got)
		}
		h.reply(end)
		h.ok(batchOf(`INSERT INTO t VALUES(1)`)) // when the writer is free
		x.want("TX_EXPIRED", `SELECT 1`)
	}
}

// A savepoint lasts, though it is what the transaction begins with.
func TestSavepointAtFirst(t *testing.T) {
	h := newHarness(t)
	h.outside().exec(`CREATE TABLE t(a)`)
	x := h.mustBegin()
	x.want("ok rows 0", `SAVEPOINT s`)
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	x.want("ok rows 0", `ROLLBACK TO s`)
	x.want("ok rows 1", `INSERT INTO t VALUES(2)`)
	x.ends(wire.TypeCommit, "ok rev 1")
	h.wantQuery(`SELECT a FROM t`, "2")
}

// Those who wait for the writer have their own times.
func TestWaitingForATransaction(t *testing.T) {
	h := serving(t)
	x := h.mustBegin()
	late := h.submit(within(time.Millisecond, batchOf(`INSERT INTO t VALUES(7)`)))
	patient := h.submit(batchOf(`INSERT INTO t VALUES(8)`))
	h.eventually("the batch is late", func() bool { return late.expired(time.Now()) })
	late.Expire() // as the router does
	if got := show(h.reply(late)); got != "TIMEOUT" {
		t.Errorf("the one with little time: %s", got)
	}
	if s := h.w.Holder(); s == nil || s.ID != x.tx.ID {
		t.Errorf("the holder is %+v", s)
	}
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	x.ends(wire.TypeCommit, "ok rev 2")
	if got := show(h.reply(patient)); got != "ok rev 3 rows 1" {
		t.Errorf("the one with patience: %s", got)
	}
	if s := h.w.Holder(); s != nil {
		t.Errorf("the holder is still %+v", s)
	}
	h.wantQuery(`SELECT a FROM t`, "1 8")
}

// A daemon that ends does not wait for a transaction.
func TestStopDuringATransaction(t *testing.T) {
	h := serving(t)
	x := h.mustBegin()
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	waiting := h.submit(batchOf(`INSERT INTO t VALUES(2)`))
	h.stop()
	if got := show(h.reply(waiting)); got != "ok rev 2 rows 1" {
		t.Errorf("the batch that waited: %s", got)
	}
	x.ends(wire.TypeCommit, "TX_EXPIRED")
	h.wantQuery(`SELECT a FROM t`, "2")
}

func TestBeginDuringMaintenance(t *testing.T) {
	h := serving(t)
	h.wantOutcome(closeDB, "closed ok")
	if _, r := h.begin(&wire.Request{}); r.Code != wire.CodeDatabaseClosed {
		t.Errorf("Begin: %s", show(r))
	}
	h.wantOutcome(reopen, "reopened ok")
	x := h.mustBegin()
	closing := h.submit(&wire.Request{Type: closeDB})
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	x.ends(wire.TypeCommit, "ok rev 2")
	if got := outcome(h.reply(closing)); got != "closed ok" {
		t.Errorf("the Close that waited: %s", got)
	}
	if left := h.sideFiles(); slices.ContainsFunc(left, func(name string) bool { return name == "-wal" || name == "-shm" }) {
		t.Errorf("files beside the closed database: %v", left)
	}
}

// A commit of which it cannot be told whether it happened is found out.
func TestCommitOnAFailingDisk(t *testing.T) {
	h := newHarness(t)
	disk := h.onFailingDisk()
	h.ok(batchOf(`CREATE TABLE t(a)`))
	for n := range 12 {
		x, r := h.begin(&wire.Request{Sync: wire.SyncFull})
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
		x.want("ok rows 1", fmt.Sprintf(`INSERT INTO t VALUES(%d)`, n))
		writes := 0
		disk.Fail(func(op faultvfs.Op) error {
			if op.Kind != faultvfs.Read {
				writes++
			}
			if writes > n {
				return faultvfs.EIO
			}
			return nil
		})
		r = x.ask(&wire.Request{Type: wire.TypeCommit, RequestID: fmt.Sprint(n)})
		disk.Fail(nil)
		again := h.do(&wire.Request{Type: wire.TypeCommit, TxID: x.tx.ID, RequestID: fmt.Sprint(n)})
		want := map[bool]string{true: "1", false: "0"}[again.Replayed]
		if r.Err() == nil != again.Replayed && !*r.Retryable || !again.Replayed && again.Code != wire.CodeTxExpired {
			t.Errorf("operation %d fails: %s, and asked again %s", n, show(r), show(again))
		}
		h.wantQuery(fmt.Sprintf(`SELECT count(*) FROM t WHERE a = %d`, n), want)
	}
}

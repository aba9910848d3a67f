package worker

import (
	"os"
	"strings"
	"testing"
	"time"

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

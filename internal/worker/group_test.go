package worker

import (
	"fmt"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

const endless = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n)`

// memoryBomb wants more memory than a connection has.
const memoryBomb = `INSERT INTO t SELECT length(max(hex(zeroblob(30000000)), hex(zeroblob(30000001)),
	hex(zeroblob(30000002)), hex(zeroblob(30000003)), hex(zeroblob(30000004))))`

// step is a batch of a group and the outcome that it must have.
type step struct {
	req  *wire.Request
	want string
}

// runGroup queues all batches before the worker gets to any of them.
func (h *harness) runGroup(steps []step) {
	h.t.Helper()
	release := h.hold()
	var calls []*Call
	for _, s := range steps {
		calls = append(calls, h.submit(s.req))
	}
	release()
	for i, s := range steps {
		if got := show(h.reply(calls[i])); got != s.want {
			h.t.Errorf("batch %d: %s, want %s", i, got, s.want)
		}
	}
}

func TestGroup(t *testing.T) {
	ins := func(i int) *wire.Request { return batchOf(fmt.Sprintf(`INSERT INTO t VALUES(%d)`, i)) }
	tests := []struct {
		name   string
		schema string
		steps  []step
		groups int64
		rows   string
	}{
		{"all well", ``, []step{
			{ins(1), "ok rev 2 rows 1"}, {ins(2), "ok rev 3 rows 1"}, {ins(3), "ok rev 4 rows 1"}, {ins(4), "ok rev 5 rows 1"},
		}, 1, "1 2 3 4"},
		{"one fails", ``, []step{
			{ins(1), "ok rev 2 rows 1"},
			{batchOf(`INSERT INTO t VALUES(7)`, `INSERT INTO t VALUES(1)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 1"},
			{ins(3), "ok rev 3 rows 1"},
		}, 1, "1 3"},
		{"the first fails", ``, []step{
			{batchOf(`INSERT INTO nix VALUES(7)`), "SQL_ERROR SQLITE_ERROR at 0"}, {ins(3), "ok rev 2 rows 1"},
		}, 1, "3"},
		{"reading is no step", ``, []step{
			{batchOf(`SELECT 1`), "ok rev 1 rows 0"}, {ins(1), "ok rev 2 rows 1"}, {batchOf(`SELECT 1`), "ok rev 2 rows 0"}, {ins(2), "ok rev 3 rows 1"},
		}, 1, "1 2"},
		{"forbidden", ``, []step{
			{ins(1), "ok rev 2 rows 1"}, {batchOf(`INSERT INTO t VALUES(5)`, `COMMIT`), "FORBIDDEN_STATEMENT at 1"}, {ins(2), "ok rev 3 rows 1"},
		}, 1, "1 2"},
		// What a batch that ends the transaction is told of is committed.
		{"OR ROLLBACK", ``, []step{
			{ins(1), "ok rev 2 rows 1"},
			{batchOf(`INSERT INTO t VALUES(8)`, `INSERT OR ROLLBACK INTO t VALUES(8)`, `INSERT INTO t VALUES(9)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 1"},
			{ins(3), "ok rev 3 rows 1"},
		}, 2, "1 3"},
		{"OR ROLLBACK again and again", ``, []step{
			{ins(1), "ok rev 2 rows 1"},
			{batchOf(`INSERT OR ROLLBACK INTO t VALUES(1)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 0"},
			{batchOf(`INSERT OR ROLLBACK INTO t VALUES(1)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 0"},
			{batchOf(`INSERT OR ROLLBACK INTO t VALUES(1)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 0"},
			{ins(2), "ok rev 3 rows 1"},
			{batchOf(`INSERT OR ROLLBACK INTO t VALUES(1)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 0"},
			{batchOf(`INSERT OR ROLLBACK INTO t VALUES(2)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 0"},
			{ins(3), "ok rev 4 rows 1"},
		}, 3, "1 2 3"},
		{"RAISE(ROLLBACK)", `CREATE TRIGGER g BEFORE INSERT ON t WHEN new.a = 13 BEGIN SELECT RAISE(ROLLBACK, 'no'); END`, []step{
			{ins(1), "ok rev 3 rows 1"}, {ins(13), "SQL_ERROR SQLITE_CONSTRAINT_TRIGGER at 0"}, {ins(3), "ok rev 4 rows 1"},
		}, 2, "1 3"},
		{"ON CONFLICT ROLLBACK", `CREATE TABLE r(a UNIQUE ON CONFLICT ROLLBACK)`, []step{
			{ins(1), "ok rev 3 rows 1"},
			{batchOf(`INSERT INTO r VALUES(1)`, `INSERT INTO r VALUES(1)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 1"},
			{ins(3), "ok rev 4 rows 1"},
		}, 2, "1 3"},
		{"an interrupted INSERT", ``, []step{
			{ins(1), "ok rev 2 rows 1"},
			{within(300*time.Millisecond, batchOf(endless+` INSERT INTO t SELECT i + 100 FROM n`)), "TIMEOUT at 0"},
			{ins(3), "ok rev 3 rows 1"},
		}, 1, "1 3"},
		{"an interrupted SELECT", ``, []step{
			{ins(1), "ok rev 2 rows 1"},
			{within(300*time.Millisecond, batchOf(`INSERT INTO t VALUES(9)`, endless+` SELECT * FROM n`)), "TIMEOUT at 1"},
			{ins(3), "ok rev 3 rows 1"},
		}, 1, "1 3"},
		{"a deferred foreign key", `CREATE TABLE c(x REFERENCES t(a) DEFERRABLE INITIALLY DEFERRED)`, []step{
			{ins(1), "ok rev 3 rows 1"},
			{batchOf(`INSERT INTO c VALUES(99)`, `INSERT INTO t VALUES(5)`), "SQL_ERROR SQLITE_CONSTRAINT_FOREIGNKEY at 1"},
			{batchOf(`INSERT INTO c VALUES(50)`, `INSERT INTO t VALUES(50)`), "ok rev 4 rows 2"},
			{noneOf(`INSERT INTO t VALUES(6)`, `INSERT INTO c VALUES(99)`, `INSERT INTO t VALUES(99)`), "SQL_ERROR SQLITE_CONSTRAINT_FOREIGNKEY at 1 rev 5 rows 1"},
			{ins(3), "ok rev 6 rows 1"},
		}, 1, "1 3 6 50"},
		{"expect_rev", ``, []step{
			{expecting(1, ins(1)), "ok rev 2 rows 1"}, {expecting(1, ins(2)), "REV_MISMATCH rev 2"},
			{expecting(2, ins(3)), "ok rev 3 rows 1"}, {expecting(9, noneOf(`INSERT INTO t VALUES(4)`)), "REV_MISMATCH rev 3"},
		}, 1, "1 3"},
		{"expect_rev behind one that falls", ``, []step{
			{batchOf(`INSERT INTO t VALUES(1)`, `INSERT OR ROLLBACK INTO t VALUES(1)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 1"},
			{expecting(1, ins(2)), "ok rev 2 rows 1"},
		}, 1, "2"},
		{"tx none", ``, []step{
			{noneOf(`INSERT INTO t VALUES(1)`, `INSERT INTO t VALUES(1)`, `INSERT INTO t VALUES(2)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 1 rev 2 rows 1"},
			{noneOf(`INSERT INTO t VALUES(1)`, `INSERT INTO t VALUES(3)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 0 rev 2 rows 0"},
			{noneOf(`INSERT INTO t VALUES(4)`, `INSERT OR ROLLBACK INTO t VALUES(1)`, `INSERT INTO t VALUES(5)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 1 rev 3 rows 1"},
			{noneOf(`INSERT INTO t VALUES(6); INSERT INTO t VALUES(1)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 0 rev 3 rows 0"},
			{noneOf(`INSERT INTO t VALUES(7)`, `BEGIN`), "FORBIDDEN_STATEMENT at 1 rev 4 rows 1"},
			{ins(8), "ok rev 5 rows 1"},
		}, 2, "1 4 7 8"},
		{"out of memory", ``, []step{
			{ins(1), "ok rev 2 rows 1"}, {batchOf(`INSERT INTO t VALUES(2)`, memoryBomb), "SQL_ERROR SQLITE_NOMEM at 1"},
			{noneOf(`INSERT INTO t VALUES(3)`, memoryBomb), "SQL_ERROR SQLITE_NOMEM at 1 rev 3 rows 1"}, {ins(4), "ok rev 4 rows 1"},
		}, 1, "1 3 4"},
		{"VACUUM", ``, []step{
			{ins(1), "ok rev 2 rows 1"}, {noneOf(`VACUUM`), "ok rev 3 rows 0"}, {batchOf(`VACUUM`), "FORBIDDEN_STATEMENT at 0"},
			{noneOf(`VACUUM INTO 'x.db'`), "FORBIDDEN_STATEMENT at 0"}, {noneOf(`VACUUM`, `SELECT 1`), "FORBIDDEN_STATEMENT at 0 rev 3 rows 0"},
			{noneOf(`VACUUM /*;--*/; DROP TABLE _skylinedb_state`), "FORBIDDEN_STATEMENT at 0"}, {ins(2), "ok rev 4 rows 1"},
		}, 1, "1 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := serving(t)
			if tt.schema != "" {
				h.ok(batchOf(tt.schema))
			}
			before := h.groups()
			h.runGroup(tt.steps)
			if got := h.groups() - before; got != tt.groups {
				t.Errorf("%d commits, want %d", got, tt.groups)
			}
			h.wantQuery(`SELECT a FROM t ORDER BY a`, tt.rows)
			h.wantQuery(`SELECT rev FROM _skylinedb_state`, fmt.Sprint(*h.ok(batchOf(`SELECT 1`)).Rev))
			h.wantQuery(`PRAGMA integrity_check`, "ok")
		})
	}
}

// The first batches of a file's life, with what the file needs to hold them.
func TestFirstGroup(t *testing.T) {
	t.Run("one table for many", func(t *testing.T) {
		h := newHarness(t)
		h.runGroup([]step{
			{batchOf(`SELECT 1`), "ok rev 0 rows 0"},
			{batchOf(`CREATE TABLE t(a UNIQUE)`), "ok rev 1 rows 0"},
			{batchOf(`INSERT INTO t VALUES(1)`), "ok rev 2 rows 1"},
			{batchOf(`INSERT OR ROLLBACK INTO t VALUES(1)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 0"},
			{batchOf(`INSERT INTO t VALUES(2)`), "ok rev 3 rows 1"},
		})
		if got := h.groups(); got != 2 {
			t.Errorf("%d commits, want 2: one before the batch that ends a transaction", got)
		}
		h.wantQuery(`SELECT rev FROM _skylinedb_state`, "3")
	})
	t.Run("VACUUM beside one that falls", func(t *testing.T) {
		h := newHarness(t)
		h.outside().exec(`CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES(1)`)
		h.runGroup([]step{
			{withID("v", noneOf(`VACUUM`)), "ok rev 1 rows 0"},
			{batchOf(`INSERT OR ROLLBACK INTO t VALUES(1)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 0"},
			{batchOf(`INSERT INTO t VALUES(2)`), "ok rev 2 rows 1"},
		})
		h.wantQuery(`SELECT id FROM _skylinedb_requests`, "v")
	})
	t.Run("VACUUM alone", func(t *testing.T) {
		h := newHarness(t)
		h.outside().exec(`CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES(1)`)
		h.runGroup([]step{{withID("v", noneOf(`VACUUM`)), "ok rev 1 rows 0"}, {withID("v", noneOf(`VACUUM`)), "ok rev 1 rows 0 replayed"}})
		h.wantQuery(`SELECT rev FROM _skylinedb_state`, "1")
	})
	t.Run("a first batch that fails leaves no tables", func(t *testing.T) {
		h := newHarness(t)
		h.fails(batchOf(`CREATE TABLE t(a)`, `INSERT INTO nix VALUES(1)`), wire.CodeSQLError)
		h.fails(noneOf(`INSERT INTO nix VALUES(1)`), wire.CodeSQLError)
		h.wantQuery(`SELECT count(*) FROM sqlite_schema`, "0")
		if got := h.state(); got != "open 0" {
			t.Errorf("state %q", got)
		}
	})
}

func TestLastInsertRowIDIsTheBatchsOwn(t *testing.T) {
	h := serving(t)
	last := func(req *wire.Request) int64 { t.Helper(); return *h.ok(req).LastInsertRowID }
	if got := last(withID("x", batchOf(`INSERT INTO t(rowid, a) VALUES(41, 1)`))); got != 41 {
		t.Errorf("last_insert_rowid %d, want 41", got)
	}
	for _, req := range []*wire.Request{
		batchOf(`SELECT 1`), batchOf(`UPDATE t SET a = 2`), withID("y", noneOf(`DELETE FROM t WHERE 0`)), noneOf(`VACUUM`),
	} {
		if got := last(req); got != 0 {
			t.Errorf("%s: last_insert_rowid %d, want 0", req.Stmts[0].SQL, got)
		}
	}
	h.ok(batchOf(`UPDATE t SET a = last_insert_rowid()`))
	h.wantQuery(`SELECT a FROM t`, "0")
}

// A batch that waits behind a long one is told when its time passes, even if
// they were taken from the queue together.
func TestBatchBehindALongOneExpires(t *testing.T) {
	h := serving(t)
	release := h.hold()
	long := h.submit(within(patience, batchOf(endless+` SELECT * FROM n`)))
	late := h.submit(within(time.Hour, batchOf(`INSERT INTO t VALUES(1)`)))
	h.mu.Lock()
	w := h.w
	h.mu.Unlock()
	release()
	h.eventually("the long batch runs", func() bool { return w.QueueDepth() == 0 && long.taken.Load() })
	late.Expire() // as its connection does when the time has passed
	if got := show(h.reply(late)); got != "TIMEOUT" {
		t.Errorf("the batch behind: %s, want TIMEOUT", got)
	}
	w.Abort()
	if got := h.reply(long); got.Code != wire.CodeShuttingDown {
		t.Errorf("the long batch: %s, want SHUTTING_DOWN", show(got))
	}
	h.forget()
	h.wantQuery(`SELECT count(*) FROM t`, "0")
}

func TestTimeoutInTheQueue(t *testing.T) {
	h := serving(t)
	release := h.hold()
	late := h.submit(within(time.Nanosecond, batchOf(`INSERT INTO t VALUES(1)`)))
	good := h.submit(batchOf(`INSERT INTO t VALUES(2)`))
	release()
	if got := show(h.reply(late)); got != "TIMEOUT" {
		t.Errorf("%s, want TIMEOUT", got)
	}
	if got := show(h.reply(good)); got != "ok rev 2 rows 1" {
		t.Errorf("the next batch: %s", got)
	}
}

// A lock of another process is waited for as long as each batch has time.
func TestTimeoutWhileLocked(t *testing.T) {
	h := serving(t)
	other := h.outside()
	other.exec(`BEGIN IMMEDIATE`)
	release := h.hold()
	late := h.submit(within(300*time.Millisecond, batchOf(`INSERT INTO t VALUES(1)`)))
	good := h.submit(batchOf(`INSERT INTO t VALUES(2)`))
	release()
	if got := show(h.reply(late)); got != "TIMEOUT" {
		t.Errorf("%s, want TIMEOUT", got)
	}
	other.exec(`COMMIT`)
	if got := show(h.reply(good)); got != "ok rev 2 rows 1" {
		t.Errorf("the other batch: %s", got)
	}
	h.wantQuery(`SELECT a FROM t`, "2")
}

// A reader of a file in rollback mode keeps it from getting a log, and must
// not keep a batch for longer than its time.
func TestTimeoutWhileTheLogCannotBeMade(t *testing.T) {
	h := newHarness(t)
	other := h.outside()
	other.exec(`CREATE TABLE t(a)`)
	release := other.hold()
	h.fails(within(300*time.Millisecond, batchOf(`INSERT INTO t VALUES(1)`)), wire.CodeTimeout)
	release()
	h.ok(batchOf(`SELECT 1`)) // which wants no log
	h.wantQuery(`PRAGMA journal_mode`, "delete")
	h.ok(batchOf(`INSERT INTO t VALUES(1)`))
	h.wantQuery(`PRAGMA journal_mode`, "wal")
}

func TestAbort(t *testing.T) {
	for _, tt := range []struct {
		name string
		req  *wire.Request
	}{
		{"atomic", batchOf(`INSERT INTO t VALUES(1)`, endless+` SELECT * FROM n`)},
		// Nothing stands, so that the next daemon can be asked for all of it.
		{"none", noneOf(`INSERT INTO t VALUES(1)`, endless+` SELECT * FROM n`)},
		{"none, a write", noneOf(`INSERT INTO t VALUES(1)`, endless+` INSERT INTO t SELECT i + 9 FROM n`)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := serving(t)
			call := h.submit(tt.req)
			h.mu.Lock()
			w := h.w
			h.mu.Unlock()
			h.eventually("the batch runs", call.taken.Load)
			behind := h.submit(batchOf(`INSERT INTO t VALUES(5)`))
			w.Abort()
			r := h.reply(call)
			if r.Code != wire.CodeShuttingDown || !*r.Retryable || r.Rev != nil {
				t.Errorf("%s, retryable %v; want SHUTTING_DOWN of nothing, true", show(r), *r.Retryable)
			}
			if got := h.reply(behind); got.Code != wire.CodeShuttingDown {
				t.Errorf("the batch behind: %s", show(got))
			}
			h.forget()
			h.wantQuery(`SELECT count(*) FROM t`, "0")
		})
	}
}

// What stands of a batch must not be asked for again.
func TestPartialFailureIsNotRetryable(t *testing.T) {
	h := serving(t)
	timeout := noneOf(`INSERT INTO t VALUES(1)`, endless+` SELECT * FROM n`)
	if r := h.fails(within(300*time.Millisecond, timeout), wire.CodeTimeout); *r.Retryable || *r.RowsAffected != 1 {
		t.Errorf("with a row that stands: retryable %v, rows %d; want false, 1", *r.Retryable, *r.RowsAffected)
	}
	nothing := noneOf(`SELECT 1`, endless+` SELECT * FROM n`)
	if r := h.fails(within(300*time.Millisecond, nothing), wire.CodeTimeout); !*r.Retryable {
		t.Error("with nothing that stands: not retryable, want retryable")
	}
}

// The library panics at a name of more than a megabyte.
func TestPanicInSQLite(t *testing.T) {
	h := serving(t)
	name := make([]byte, 1<<20)
	for i := range name {
		name[i] = 'x'
	}
	h.runGroup([]step{
		{batchOf(`INSERT INTO t VALUES(1)`), "ok rev 2 rows 1"},
		{batchOf(`INSERT INTO t VALUES(2)`, `PRAGMA table_info(`+string(name)+`)`), "SQL_ERROR SQLITE_TOOBIG at 1"},
		{batchOf(`INSERT INTO t VALUES(3)`), "ok rev 3 rows 1"},
	})
	h.wantQuery(`SELECT a FROM t`, "1 3")
}

// A panic of the worker itself: whoever is in hand is told, and those who
// wait are served.
func TestPanicInTheWorker(t *testing.T) {
	h := serving(t)
	release := h.hold()
	bad := &wire.Request{Type: wire.TypeExecBatch, Tx: wire.TxAtomic} // which no parser makes
	first := h.submit(batchOf(`INSERT INTO t VALUES(1)`))
	second := h.submit(&wire.Request{Type: wire.TypePing})
	third := h.submit(bad)
	fourth := h.submit(&wire.Request{Type: wire.TypePing})
	fifth := h.submit(batchOf(`INSERT INTO t VALUES(2)`))
	h.mu.Lock()
	w := h.w
	h.mu.Unlock()
	third.Req = nil
	release()
	for i, c := range []*Call{first, second, fourth, fifth} {
		if got := h.reply(c); got.Status != "ok" {
			t.Errorf("call %d: %s", i, show(got))
		}
	}
	if got := h.reply(third); got.Code != wire.CodeInternal {
		t.Errorf("the one that panics: %s, want INTERNAL", show(got))
	}
	h.stop()
	if w.QueueDepth() != 0 {
		t.Error("calls were left in the queue")
	}
	h.wantQuery(`SELECT a FROM t`, "1 2")
}

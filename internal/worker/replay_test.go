package worker

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

func TestReplay(t *testing.T) {
	h := serving(t)
	first := h.ok(withID("a", batchOf(`INSERT INTO t VALUES(1)`, `INSERT INTO t VALUES(2)`)))
	if got := show(first); got != "ok rev 2 rows 2" {
		t.Fatalf("the first time: %s", got)
	}
	again := func(when string) {
		t.Helper()
		r := h.ok(withID("a", batchOf(`INSERT INTO t VALUES(1)`, `INSERT INTO t VALUES(2)`)))
		if got := show(r); got != "ok rev 2 rows 2 replayed" || *r.LastInsertRowID != *first.LastInsertRowID {
			t.Errorf("%s: %s, last_insert_rowid %d; want ok rev 2 rows 2 replayed, %d", when, got, *r.LastInsertRowID, *first.LastInsertRowID)
		}
	}
	again("at once")
	h.ok(batchOf(`INSERT INTO t VALUES(3)`))
	again("after another batch")
	h.stop()
	again("after the worker's end")
	h.forget()
	again("after the daemon's end")
	h.ok(batchOf(`DROP TABLE t`))
	again("without the table")
	if got := h.state(); got != "open 4" {
		t.Errorf("state %q, want open 4", got)
	}
}

// A batch that was executed is told as such however late it is asked for
// again: with TIMEOUT its client would think that nothing was done.
func TestReplayAfterItsTime(t *testing.T) {
	h := serving(t)
	req := func() *wire.Request { return within(patience, withID("a", batchOf(`INSERT INTO t VALUES(1)`))) }
	h.ok(req())
	if got := show(h.reply(h.submitLate(req()))); got != "ok rev 2 rows 1 replayed" {
		t.Errorf("again, and late: %s, want ok rev 2 rows 1 replayed", got)
	}
	if got := show(h.reply(h.submitLate(within(patience, withID("b", batchOf(`INSERT INTO t VALUES(2)`)))))); got != "TIMEOUT" {
		t.Errorf("another, and late: %s, want TIMEOUT", got)
	}
	h.wantQuery(`SELECT a FROM t`, "1")
}

func TestReplayWithinAGroup(t *testing.T) {
	h := serving(t)
	twice := func() *wire.Request { return withID("a", batchOf(`INSERT INTO t VALUES(1)`)) }
	failing := func() *wire.Request { return withID("f", batchOf(`INSERT INTO t VALUES(1)`)) }
	h.runGroup([]step{
		{twice(), "ok rev 2 rows 1"},
		{twice(), "ok rev 2 rows 1 replayed"},
		{withID("a", batchOf(`INSERT INTO t VALUES(2)`)), "REQUEST_ID_REUSED"},
		{failing(), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 0"},
		{batchOf(`INSERT OR ROLLBACK INTO t VALUES(1)`), "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 0"},
		{batchOf(`DELETE FROM t`), "ok rev 3 rows 1"},
		{failing(), "ok rev 4 rows 1"}, // the failure left no record
		{failing(), "ok rev 4 rows 1 replayed"},
	})
	h.wantQuery(`SELECT id FROM _skylinedb_requests ORDER BY seq`, "a f")
}

func TestRequestIDReused(t *testing.T) {
	h := serving(t)
	original := func() *wire.Request {
		req := withID("a", batchOf(`INSERT INTO t VALUES(:v)`))
		req.Stmts[0].Params, _ = wire.ParseParams([]byte(`{"v":1}`))
		return req
	}
	h.ok(original())
	changes := map[string]func(*wire.Request){
		"tx":          func(r *wire.Request) { r.Tx = wire.TxNone },
		"expect_rev":  func(r *wire.Request) { expecting(1, r) },
		"sql":         func(r *wire.Request) { r.Stmts[0].SQL += " " },
		"a statement": func(r *wire.Request) { r.Stmts = append(r.Stmts, r.Stmts[0]) },
		"a value":     func(r *wire.Request) { r.Stmts[0].Params, _ = wire.ParseParams([]byte(`{"v":2}`)) },
		"a type":      func(r *wire.Request) { r.Stmts[0].Params, _ = wire.ParseParams([]byte(`{"v":"1"}`)) },
		"a name":      func(r *wire.Request) { r.Stmts[0].Params, _ = wire.ParseParams([]byte(`{":v":1}`)) },
		"places":      func(r *wire.Request) { r.Stmts[0].Params, _ = wire.ParseParams([]byte(`[1]`)) },
	}
	for name, change := range changes {
		req := original()
		change(req)
		if got := show(h.do(req)); got != "REQUEST_ID_REUSED" {
			t.Errorf("with %s changed: %s, want REQUEST_ID_REUSED", name, got)
		}
	}
	same := original()
	same.Sync, same.Timeout, same.Forget = wire.SyncFull, time.Hour, []string{"b"}
	if got := show(h.do(same)); got != "ok rev 2 rows 1 replayed" {
		t.Errorf("with what does not matter changed: %s", got)
	}
}

// Two batches that differ have digests that differ, also where the one's text
// could be taken for the other's number.
func TestDigestIsUnambiguous(t *testing.T) {
	rev := int64(0)
	a := digest(&wire.Request{Tx: wire.TxAtomic, ExpectRev: &rev, Stmts: []wire.Stmt{{}}})
	b := digest(&wire.Request{Tx: wire.TxAtomic, Stmts: []wire.Stmt{{}, {}}})
	c := digest(&wire.Request{Tx: wire.TxAtomic, Stmts: []wire.Stmt{{}}})
	d := digest(&wire.Request{Tx: wire.TxAtomic, ExpectRev: &rev})
	for i, pair := range [][2][]byte{{a, b}, {a, c}, {b, c}, {c, d}} {
		if bytes.Equal(pair[0], pair[1]) {
			t.Errorf("pair %d: equal", i)
		}
	}
}

func TestReplayOfAPartialFailure(t *testing.T) {
	for _, second := range []string{`INSERT INTO t VALUES(1)`, `INSERT OR ROLLBACK INTO t VALUES(1)`} {
		h := serving(t)
		req := func() *wire.Request {
			return withID("p", noneOf(`INSERT INTO t VALUES(1)`, second, `INSERT INTO t VALUES(2)`))
		}
		const want = "SQL_ERROR SQLITE_CONSTRAINT_UNIQUE at 1 rev 2 rows 1"
		if got := show(h.do(req())); got != want {
			t.Errorf("%s: %s, want %s", second, got, want)
		}
		h.ok(batchOf(`DELETE FROM t`))
		h.stop()
		r := h.do(req())
		if got := show(r); got != want+" replayed" || r.Message == "" || *r.Retryable {
			t.Errorf("%s, again: %s %q", second, got, r.Message)
		}
		h.wantQuery(`SELECT count(*) FROM t`, "0")
	}
}

// With nothing done there is nothing to remember.
func TestNoRecord(t *testing.T) {
	h := serving(t)
	h.ok(withID("r", batchOf(`SELECT 1`)))
	h.fails(withID("f", batchOf(`INSERT INTO nix VALUES(1)`)), wire.CodeSQLError)
	h.fails(withID("n", noneOf(`SELECT 1`, `INSERT INTO nix VALUES(1)`)), wire.CodeSQLError)
	h.fails(withID("e", expecting(9, batchOf(`INSERT INTO t VALUES(1)`))), wire.CodeRevMismatch)
	h.wantQuery(`SELECT count(*) FROM _skylinedb_requests`, "0")
	if got := h.state(); got != "open 1" {
		t.Errorf("state %q, want open 1", got)
	}
}

func TestForget(t *testing.T) {
	h := serving(t)
	for i := range 4 {
		h.ok(withID(fmt.Sprint("id", i), batchOf(fmt.Sprintf(`INSERT INTO t VALUES(%d)`, i))))
	}
	h.ok(forgetting(withID("id9", batchOf(`INSERT INTO t VALUES(9)`)), "id0", "id1", "never"))
	h.wantQuery(`SELECT id FROM _skylinedb_requests ORDER BY seq`, "id2 id3 id9")
	h.fails(forgetting(batchOf(`INSERT INTO t VALUES(9)`), "id2"), wire.CodeSQLError)
	h.wantQuery(`SELECT id FROM _skylinedb_requests ORDER BY seq`, "id2 id3 id9")
	rev := h.state()
	h.ok(forgetting(batchOf(`SELECT 1`), "id2"))
	h.wantQuery(`SELECT id FROM _skylinedb_requests ORDER BY seq`, "id3 id9")
	if got := h.state(); got != rev {
		t.Errorf("forgetting alone: %q, want %q", got, rev)
	}
	// A forgotten id is new.
	if got := show(h.do(withID("id0", batchOf(`INSERT INTO t VALUES(10)`)))); got != "ok rev 7 rows 1" {
		t.Errorf("a forgotten id: %s", got)
	}
}

// A file that came from elsewhere is not written to for a batch that reads.
func TestForgetInAReplacedFile(t *testing.T) {
	other := serving(t)
	other.ok(withID("a", batchOf(`INSERT INTO t VALUES(1)`)))
	other.stop()
	h := serving(t)
	h.wantOutcome(closeDB, "closed ok")
	if err := os.Rename(other.file, h.file); err != nil {
		t.Fatal(err)
	}
	before := h.hash()
	h.wantOutcome(reopen, "reopened ok")
	h.ok(forgetting(batchOf(`SELECT 1`), "a"))
	h.stop()
	if got := h.hash(); got != before {
		t.Error("the file changed")
	}
	h.ok(forgetting(batchOf(`DELETE FROM t`), "a"))
	h.wantQuery(`SELECT count(*) FROM _skylinedb_requests`, "0")
}

// fillRecords puts n records into the file, from outside, of the age.
func (h *harness) fillRecords(n int, age time.Duration) {
	h.t.Helper()
	h.stop()
	o := h.outside()
	defer o.close()
	o.exec(fmt.Sprintf(`INSERT INTO _skylinedb_requests(id, digest, at, reply)
		SELECT 'old' || value, x'00', %d, '{"status":"ok"}' FROM generate_series(1, %d)`,
		time.Now().Add(-age).UnixMilli(), n))
}

func TestRecordsAreBoundedByNumber(t *testing.T) {
	h := serving(t)
	h.fillRecords(maxRecords-1, time.Hour)
	for i := range 3 {
		h.ok(withID(fmt.Sprint("new", i), batchOf(fmt.Sprintf(`INSERT INTO t VALUES(%d)`, i))))
	}
	h.wantQuery(`SELECT count(*), min(id) = 'new0', max(seq) - min(seq) FROM _skylinedb_requests`,
		fmt.Sprintf("%d|1|%d", maxRecords, maxRecords-1))
	h.wantQuery(`SELECT count(*) FROM _skylinedb_requests WHERE id IN ('old1', 'old2', 'old3')`, "1")
}

// A file that comes with far too many is brought down in steps.
func TestExcessGoesInSteps(t *testing.T) {
	h := serving(t)
	h.fillRecords(maxRecords+1000, time.Hour)
	h.ok(withID("new", batchOf(`INSERT INTO t VALUES(1)`)))
	h.wantQuery(`SELECT count(*) FROM _skylinedb_requests`, fmt.Sprint(maxRecords+1000-sweepStep))
	h.ok(withID("new2", batchOf(`INSERT INTO t VALUES(2)`)))
	h.wantQuery(`SELECT count(*) FROM _skylinedb_requests`, fmt.Sprint(maxRecords+1000-2*sweepStep))
}

func TestRecordsAreBoundedByAge(t *testing.T) {
	h := serving(t)
	h.fillRecords(100, recordAge+time.Minute)
	h.ok(withID("seen", batchOf(`SELECT 1`)))
	h.ok(batchOf(`INSERT INTO t VALUES(0)`))
	h.wantQuery(`SELECT count(*) FROM _skylinedb_requests`, "100")
	left := 100
	for i := 1; left > 1; i++ {
		h.ok(withID(fmt.Sprint("new", i), batchOf(fmt.Sprintf(`INSERT INTO t VALUES(%d)`, i))))
		left = max(100-i*(sweepStep+1), 0)
		h.wantQuery(`SELECT count(*) FROM _skylinedb_requests WHERE id LIKE 'old%'`, fmt.Sprint(left))
	}
	if got := h.query(`SELECT count(*) FROM _skylinedb_requests`); got != "4" {
		t.Errorf("%s records are left, want the 4 new ones", got)
	}
	h.fillRecords(5, recordAge-time.Minute)
	h.ok(withID("last", batchOf(`INSERT INTO t VALUES(99)`)))
	h.wantQuery(`SELECT count(*) FROM _skylinedb_requests WHERE id LIKE 'old%'`, "5")
}

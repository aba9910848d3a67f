package worker

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// asked is a Query on its way, as a connection has it.
type asked struct {
	h      *harness
	call   *Call
	frames []*wire.Reply // that have come
}

// ask sends a Query.
func (h *harness) ask(req *wire.Request) *asked {
	h.t.Helper()
	req.Type = wire.TypeQuery
	c := NewCall(req, 0, time.Now())
	c.Stream = NewStream(cmp.Or(h.frame, 1<<20))
	h.mu.Lock()
	if h.w == nil {
		h.start(h.gone)
	}
	direct := h.w.Query(c)
	h.mu.Unlock()
	if !direct {
		h.submitCall(c)
	}
	return &asked{h: h, call: c}
}

// frame takes the next frame; nil stands for the last one, the reply.
func (a *asked) frame() (frame, reply *wire.Reply) {
	a.h.t.Helper()
	select {
	case f := <-a.call.Stream.Frames():
		r, err := wire.ParseReply(slices.Clone(f[wire.HeaderSize:]))
		if err != nil {
			a.h.t.Fatal(err)
		}
		return r, nil
	case r := <-a.call.Reply():
		return nil, r
	case <-time.After(patience):
		a.h.t.Fatalf("%s is not answered", a.call.Req.SQL)
	}
	return nil, nil
}

// end takes all frames and returns the last.
func (a *asked) end() *wire.Reply {
	a.h.t.Helper()
	for {
		f, r := a.frame()
		if r != nil {
			return r
		}
		a.frames = append(a.frames, f)
	}
}

// result writes what a Query has returned: its rows, or its code.
func (a *asked) result() string {
	a.h.t.Helper()
	last := a.end()
	if last.Err() != nil {
		return show(last)
	}
	text := ""
	for _, f := range append(a.frames, last) {
		text += string(f.Rows.Text())
	}
	return strings.ReplaceAll(text, "][", ",")
}

func params(t *testing.T, text string) wire.Params {
	t.Helper()
	p, err := wire.ParseParams([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (h *harness) wantRead(sql, want string) {
	h.t.Helper()
	if got := h.ask(&wire.Request{SQL: sql}).result(); got != want {
		h.t.Errorf("Query %s: %s, want %s", sql, got, want)
	}
}

func TestQuery(t *testing.T) {
	h := newHarness(t)
	h.wantRead(`SELECT 1`, "NO_DATABASE")
	if left := h.sideFiles(); len(left) != 0 {
		t.Errorf("a Query has left %v", left)
	}
	h.ok(batchOf(`CREATE TABLE t(a INTEGER, b VARCHAR(3) NOT NULL)`, `INSERT INTO t VALUES(1, 'x'), (9007199254740993, x'00'), (NULL, 2.0)`))
	a := h.ask(&wire.Request{SQL: `SELECT a, b, a||b AS "the sum" FROM t WHERE a IS NOT ?`, Params: params(t, `[7]`)})
	r := a.end()
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	text, err := wire.AppendReply(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"status":"ok","rev":1,"epoch":%q,"columns":["a","b","the sum"],"types":["INTEGER","VARCHAR(3)",""],"row_count":3,`+
		`"rows":[[1,"x","1x"],[{"$int":"9007199254740993"},{"$blob":"AA=="},"9007199254740993\u0000"],[null,"2.0",null]]}`, h.epoch())
	if string(text) != want {
		t.Errorf("reply\n%s, want\n%s", text, want)
	}
	for sql, want := range map[string]string{
		`SELECT * FROM t WHERE 0`:  "[]",
		`SELECT * FROM nowhere`:    "SQL_ERROR SQLITE_ERROR",
		`SELECT ?`:                 "INVALID_REQUEST",
		`SELECT 1; SELECT 2`:       "INVALID_REQUEST",
		` -- nothing`:              "INVALID_REQUEST",
		`SELECT 1; -- and no more`: "[[1]]",
		"SELECT '\x00'":            "INVALID_REQUEST",
		`PRAGMA user_version`:      "[[0]]",
		`SELECT zeroblob(2000000)`: "RESULT_TOO_LARGE",
	} {
		h.wantRead(sql, want)
	}
	if r := h.ask(&wire.Request{SQL: `EXPLAIN QUERY PLAN DELETE FROM t`}).end(); r.Err() != nil {
		t.Errorf("EXPLAIN: %v", r.Err())
	}
}

// Nothing that writes gets through, however it is written.
func TestQueryWritesNothing(t *testing.T) {
	h := serving(t)
	h.ok(batchOf(`INSERT INTO t VALUES(1)`))
	h.stop()
	before := h.hash()
	for _, sql := range []string{
		`INSERT INTO t VALUES(2)`, `DELETE FROM t RETURNING a`, `WITH n AS (SELECT 2) INSERT INTO t SELECT * FROM n RETURNING a`,
		`CREATE TABLE u(a)`, `DROP TABLE t`, `CREATE TEMP TABLE u(a)`, `ATTACH ':memory:' AS m`, `VACUUM`, `VACUUM INTO '/tmp/x'`, `REINDEX`, `ANALYZE`,
		`BEGIN`, `BEGIN IMMEDIATE`, `COMMIT`, `ROLLBACK`, `SAVEPOINT s`, `RELEASE s`,
		`PRAGMA user_version = 5`, `PRAGMA journal_mode = DELETE`, `PRAGMA query_only = 0`, `PRAGMA writable_schema = 1`, `PRAGMA wal_checkpoint`,
		`PRAGMA application_id(7)`, `PRAGMA incremental_vacuum(1)`,
	} {
		if got := h.ask(&wire.Request{SQL: sql}).result(); got != "FORBIDDEN_STATEMENT" {
			t.Errorf("%s: %s, want FORBIDDEN_STATEMENT", sql, got)
		}
	}
	h.ask(&wire.Request{SQL: `PRAGMA optimize`}).end() // which writes nothing here
	h.wantRead(`SELECT a FROM t`, "[[1]]")
	h.stop()
	if h.hash() != before {
		t.Error("the file has changed")
	}
}

func TestQueryInBlocks(t *testing.T) {
	h := serving(t)
	h.ok(batchOf(endless + ` INSERT INTO t SELECT i FROM n LIMIT 50000`))
	a := h.ask(&wire.Request{SQL: `SELECT a, 'some text' FROM t`})
	last := a.end()
	if last.Err() != nil || last.More || *last.RowCount != 50_000 || *last.Rev != 2 {
		t.Fatalf("the last frame: %s", show(last))
	}
	n := 0
	for i, f := range append(a.frames, last) {
		if (f.Columns != nil) != (i == 0) || f.More != (i < len(a.frames)) || len(f.Rows.Text()) > 2*blockSize {
			t.Errorf("frame %d has columns %v, more %v and %d bytes", i, f.Columns, f.More, len(f.Rows.Text()))
		}
		err := f.Rows.Each(func(row []wire.Value) error {
			if n++; row[0].Int != int64(n) {
				t.Fatalf("row %d is %v", n, row)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n != 50_000 || len(a.frames) < 10 {
		t.Errorf("%d rows in %d frames", n, len(a.frames)+1)
	}
}

// The last row may fill its block: the last frame has none.
func TestQueryWhoseLastBlockIsFull(t *testing.T) {
	h := serving(t)
	a := h.ask(&wire.Request{SQL: `SELECT zeroblob(40000) UNION ALL SELECT zeroblob(40000) UNION ALL SELECT zeroblob(40000)`})
	last := a.end()
	if len(a.frames) != 3 || string(last.Rows.Text()) != "[]" || *last.RowCount != 3 {
		t.Errorf("%d frames, then %s with %d rows", len(a.frames), last.Rows.Text(), *last.RowCount)
	}
	if _, err := wire.AppendReply(nil, last); err != nil {
		t.Error(err)
	}
}

// A database whose first request is a Begin can be read beside it.
func TestQueryBesideAFirstTransaction(t *testing.T) {
	h := serving(t)
	h.forget()
	x := h.mustBegin()
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	h.wantRead(`SELECT a FROM t`, "[]")
	x.ends(wire.TypeCommit, "ok rev 2")
	h.wantRead(`SELECT a FROM t`, "[[1]]")
}

// A small frame takes many rows, one after the other, and one that does not fit
// is told.
func TestQueryInSmallFrames(t *testing.T) {
	h := serving(t)
	h.ok(batchOf(endless + ` INSERT INTO t SELECT i FROM n LIMIT 5000`))
	h.frame = 4 << 10
	a := h.ask(&wire.Request{SQL: `SELECT a, 'text' FROM t`})
	last := a.end()
	if last.Err() != nil || *last.RowCount != 5000 || len(a.frames) < 10 {
		t.Errorf("%s in %d frames", show(last), len(a.frames))
	}
	for _, tt := range []struct{ sql, want string }{
		{`SELECT 1 UNION ALL SELECT hex(zeroblob(1400))`, "ok"},
		{`SELECT 1 UNION ALL SELECT hex(zeroblob(2000))`, "RESULT_TOO_LARGE"},
		{`SELECT 1 AS "` + strings.Repeat("x", 4000) + `"`, "RESULT_TOO_LARGE"},
		{`SELECT 1 AS "` + strings.Repeat("x", 4000) + `" WHERE 0`, "RESULT_TOO_LARGE"},
	} {
		a := h.ask(&wire.Request{SQL: tt.sql})
		r := a.end()
		r.Rev = nil
		if got := show(r); got != tt.want {
			t.Errorf("%.60s: %s, want %s", tt.sql, got, tt.want)
		}
		for _, f := range append(a.frames, r) {
			if text, err := wire.AppendReply(nil, f); err != nil || len(text) > h.frame {
				t.Errorf("%.60s: a frame of %d bytes, %v", tt.sql, len(text), err)
			}
		}
	}
}

func TestQueryLimit(t *testing.T) {
	h := serving(t)
	h.ok(batchOf(`INSERT INTO t VALUES(1),(2),(3)`))
	for limit, want := range []string{"[] truncated", "[[1]] truncated", "[[1],[2]] truncated", "[[1],[2],[3]]", "[[1],[2],[3]]"} {
		n := int64(limit)
		a := h.ask(&wire.Request{SQL: `SELECT a FROM t`, Limit: &n})
		r := a.end()
		got := string(r.Rows.Text())
		if r.Truncated {
			got += " truncated"
		}
		if got != want || len(r.Columns) != 1 {
			t.Errorf("limit %d: %s with columns %v, want %s", limit, got, r.Columns, want)
		}
	}
}

// A query sees one state, whatever is written meanwhile, and holds nobody up.
func TestQueryBesideTheWriter(t *testing.T) {
	h := serving(t)
	h.ok(batchOf(endless + ` INSERT INTO t SELECT i FROM n LIMIT 50000`))
	a := h.ask(&wire.Request{SQL: `SELECT a FROM t`})
	if f, _ := a.frame(); f == nil {
		t.Fatal("the whole result is in one frame")
	}
	h.ok(batchOf(`DELETE FROM t`))
	if last := a.end(); last.Err() != nil || *last.RowCount != 50_000 || *last.Rev != 2 {
		t.Errorf("the query: %s, %d rows", show(last), *last.RowCount)
	}
	h.wantRead(`SELECT count(*) FROM t`, "[[0]]")
	x := h.mustBegin() // which holds the writer
	h.wantRead(`SELECT count(*) FROM t`, "[[0]]")
	x.ends(wire.TypeRollback, "ok")
}

func TestQueryCancelled(t *testing.T) {
	h := serving(t)
	for _, sql := range []string{endless + ` SELECT i FROM n`, endless + ` SELECT count(*) FROM n`} {
		a := h.ask(&wire.Request{SQL: sql})
		h.eventually("the query runs", func() bool { return h.w.Queries() > 0 })
		a.call.Cancel()
		if got := show(a.end()); got != "CANCELLED" {
			t.Errorf("%s: %s, want CANCELLED", sql, got)
		}
	}
	a := h.ask(within(20*time.Millisecond, &wire.Request{SQL: endless + ` SELECT i FROM n`}))
	if got := show(a.end()); got != "TIMEOUT" {
		t.Errorf("late: %s, want TIMEOUT", got)
	}
	h.wantRead(`SELECT 1`, "[[1]]")
}

// A client that takes nothing loses the snapshot and keeps nobody up.
func TestQueryOfASlowClient(t *testing.T) {
	h := serving(t)
	h.cfg.stall = time.Millisecond
	h.stop()
	a := h.ask(&wire.Request{SQL: endless + ` SELECT i FROM n`})
	a.frame()
	h.eventually("the query is answered", func() bool { return len(a.call.reply) > 0 })
	if got := show(a.end()); got != "SNAPSHOT_TOO_LONG" {
		t.Errorf("%s, want SNAPSHOT_TOO_LONG", got)
	}
}

func TestQueryMinRev(t *testing.T) {
	h := serving(t)
	rev := func(n int64) *wire.Request { return &wire.Request{SQL: `SELECT count(*) FROM t`, MinRev: &n} }
	if got := h.ask(rev(1)).result(); got != "[[0]]" {
		t.Errorf("min_rev 1: %s", got)
	}
	waiting := h.ask(rev(3))
	late := h.ask(within(time.Millisecond, rev(9)))
	h.eventually("the other is late", func() bool { return late.call.expired(time.Now()) })
	late.call.Expire() // as the router does
	if got := late.result(); got != "TIMEOUT" {
		t.Errorf("min_rev 9: %s", got)
	}
	h.ok(batchOf(`INSERT INTO t VALUES(1)`))
	h.ok(batchOf(`INSERT INTO t VALUES(2)`))
	if got := waiting.result(); got != "[[2]]" {
		t.Errorf("min_rev 3: %s, want [[2]]", got)
	}
}

// Queries that run or wait get their word when the database is closed, and the
// daemon keeps no handle.
func TestQueryDuringMaintenance(t *testing.T) {
	for typ, want := range map[wire.Type]string{prepare: "DATABASE_PREPARING", closeDB: "DATABASE_CLOSED"} {
		h := serving(t)
		var all []*asked
		for range maxReaders + 2 {
			all = append(all, h.ask(&wire.Request{SQL: endless + ` SELECT i FROM n`}))
		}
		h.eventually("queries run", func() bool { return h.w.Queries() == maxReaders })
		c := h.submit(&wire.Request{Type: typ})
		for i, a := range all {
			if got := show(a.end()); got != want {
				t.Errorf("query %d at %s: %s, want %s", i, typ, got, want)
			}
		}
		if got := h.reply(c); got.Err() != nil || got.ReadersRemaining != nil && *got.ReadersRemaining {
			t.Errorf("%s: %s", typ, outcome(got))
		}
		if typ == closeDB {
			h.wantRead(`SELECT 1`, "DATABASE_CLOSED")
			if left := h.sideFiles(); slices.Contains(left, "-wal") || slices.Contains(left, "-shm") {
				t.Errorf("files beside the closed database: %v", left)
			}
		} else {
			before := h.hash()
			h.wantRead(`SELECT count(*) FROM t`, "[[0]]")
			h.wantOutcome(closeDB, "closed ok")
			if h.hash() != before {
				t.Error("the prepared file has changed")
			}
		}
		h.wantOutcome(reopen, "reopened ok")
		h.wantRead(`SELECT count(*) FROM t`, "[[0]]")
	}
}

// A worker with queries does not end for idleness, and one without them does.
func TestQueryIsUse(t *testing.T) {
	h := serving(t)
	h.stop()
	h.cfg.Idle = time.Millisecond
	a := h.ask(&wire.Request{SQL: endless + ` SELECT i FROM n`})
	for range 50 {
		if f, r := a.frame(); f == nil {
			t.Fatalf("the query ended: %s", show(r))
		}
	}
	a.call.Cancel()
	a.end()
	h.eventually("the worker ends", h.retired)
	h.stop() // waits for it
	if left := h.sideFiles(); slices.Contains(left, "-wal") || slices.Contains(left, "-shm") {
		t.Errorf("files beside the idle database: %v", left)
	}
}

func TestStopDuringQueries(t *testing.T) {
	h := serving(t)
	h.ok(batchOf(endless + ` INSERT INTO t SELECT i FROM n LIMIT 50000`))
	finite, infinite := h.ask(&wire.Request{SQL: `SELECT a FROM t`}), h.ask(&wire.Request{SQL: endless + ` SELECT count(*) FROM n`})
	h.eventually("both run", func() bool { return h.w.Queries() == 2 })
	w := h.w
	stopped := make(chan struct{})
	go func() {
		h.stop()
		close(stopped)
	}()
	if last := finite.end(); last.Err() != nil || *last.RowCount != 50_000 {
		t.Errorf("the query that ends: %s", show(last))
	}
	w.Abort()
	if got := show(infinite.end()); got != "SHUTTING_DOWN" {
		t.Errorf("the endless query: %s, want SHUTTING_DOWN", got)
	}
	h.wait(stopped)
}

// Where the connections of all databases are in use, queries wait for one.
func TestQueriesShareTheRoom(t *testing.T) {
	h := serving(t)
	h.cfg.Readers = make(chan struct{}, 1)
	h.stop()
	first := h.ask(&wire.Request{SQL: endless + ` SELECT i FROM n`})
	if f, _ := first.frame(); f == nil {
		t.Fatal("no frame")
	}
	second, third := h.ask(&wire.Request{SQL: `SELECT 2`}), h.ask(&wire.Request{SQL: `SELECT 3`})
	third.call.Cancel()
	if got := show(third.end()); got != "CANCELLED" {
		t.Errorf("the one that gave up: %s", got)
	}
	first.call.Cancel()
	first.end()
	if got := second.result(); got != "[[2]]" {
		t.Errorf("the one that waited: %s", got)
	}
	h.stop()
	if len(h.cfg.Readers) != 0 {
		t.Errorf("%d places are still taken", len(h.cfg.Readers))
	}
}

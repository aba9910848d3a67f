package worker

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/wire"
)

// parsed is a batch as it comes over the wire.
func parsed(t *testing.T, body string) *wire.Request {
	t.Helper()
	req, err := wire.ParseRequest([]byte(`{"type":"ExecBatch",` + body + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// resultsOf is what a reply tells of the statements, as JSON.
func resultsOf(t *testing.T, r *wire.Reply) string {
	t.Helper()
	text, err := json.Marshal(r.Results)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestResults(t *testing.T) {
	h := serving(t)
	batch := func() *wire.Request {
		return withID("a", parsed(t, `"results":true,"stmts":[
			{"sql":"INSERT INTO t VALUES(?),(2.0) RETURNING a, rowid AS id","params":[9007199254740993]},
			{"sql":"SELECT a, x'00ff' AS b FROM t WHERE a = 7"},
			{"sql":"SELECT 1; UPDATE t SET a = 'it''s' || rowid; SELECT a AS c FROM t; DELETE FROM t WHERE 0"},
			{"sql":"SELECT 1; SELECT 2 WHERE 0"},
		{"sql":"CREATE TABLE u(x VARCHAR(7) NOT NULL)"},
			{"sql":"INSERT INTO u VALUES(NULL) ON CONFLICT DO NOTHING RETURNING x"},
			{"sql":"INSERT INTO u VALUES('y') RETURNING x"}]`))
	}
	r := h.do(batch())
	if r.Code != wire.CodeSQLError { // NOT NULL is no conflict to do nothing about
		t.Fatalf("%s, want SQL_ERROR", show(r))
	}
	req := batch()
	req.Stmts = append(req.Stmts[:5:5], req.Stmts[6])
	first := h.ok(req)
	want := `[{"rows_affected":2,"last_insert_rowid":2,"columns":["a","id"],"types":["","INTEGER"],"rows":[[{"$int":"9007199254740993"},1],[2.0,2]]},` +
		`{"rows_affected":0,"last_insert_rowid":2,"columns":["a","b"],"types":["",""],"rows":[]},` +
		`{"rows_affected":2,"last_insert_rowid":2,"columns":["c"],"types":[""],"rows":[["it's1"],["it's2"]]},` +
		`{"rows_affected":0,"last_insert_rowid":2,"columns":["2"],"types":[""],"rows":[]},` +
		`{"rows_affected":0,"last_insert_rowid":2},` +
		`{"rows_affected":1,"last_insert_rowid":1,"columns":["x"],"types":["VARCHAR(7)"],"rows":[["y"]]}]`
	if diff := cmp.Diff(want, resultsOf(t, first)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	again := batch()
	again.Stmts = req.Stmts
	replayed := h.ok(again)
	if got := resultsOf(t, replayed); !replayed.Replayed || got != want {
		t.Errorf("again: replayed %v, %s", replayed.Replayed, got)
	}
}

// What a statement returned that was undone is not told.
func TestResultsOfEachForItself(t *testing.T) {
	h := serving(t)
	r := h.do(parsed(t, `"tx":"none","results":true,"stmts":[
		{"sql":"INSERT INTO t VALUES(1) RETURNING a"},{"sql":"INSERT INTO t VALUES(2) RETURNING a; SELECT raise"}]`))
	want := `[{"rows_affected":1,"last_insert_rowid":1,"columns":["a"],"types":[""],"rows":[[1]]}]`
	if got := resultsOf(t, r); r.Code != wire.CodeSQLError || got != want {
		t.Errorf("%s with %s, want SQL_ERROR with %s", show(r), got, want)
	}
	h.wantQuery(`SELECT a FROM t`, "1")
}

func TestResultsAreBounded(t *testing.T) {
	h := serving(t)
	for _, sql := range []string{
		`INSERT INTO t VALUES(1) RETURNING hex(zeroblob(600000))`,
		`WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n) SELECT 'some text', i FROM n`,
		`SELECT zeroblob(60000000)`,
		`SELECT 1 AS "` + strings.Repeat("x", wire.MaxResults/2) + `", 2 AS "` + strings.Repeat("y", wire.MaxResults/2) + `"`,
	} {
		r := h.fails(&wire.Request{Type: wire.TypeExecBatch, Results: true, Stmts: []wire.Stmt{{SQL: `INSERT INTO t VALUES(0)`}, {SQL: sql}}}, wire.CodeResultTooLarge)
		if r.StatementIndex == nil || *r.StatementIndex != 1 {
			t.Errorf("%.40s: statement_index %v, want 1", sql, r.StatementIndex)
		}
	}
	many := &wire.Request{Type: wire.TypeExecBatch, Results: true}
	for range wire.MaxResults / 80 {
		many.Stmts = append(many.Stmts, wire.Stmt{SQL: `SELECT 1 WHERE 0`})
	}
	h.fails(many, wire.CodeResultTooLarge)
	h.wantQuery(`SELECT count(*) FROM t`, "0")
}

func TestManyRowsOfParameters(t *testing.T) {
	h := serving(t)
	r := h.ok(parsed(t, `"results":true,"stmts":[
		{"sql":"INSERT INTO t VALUES(?) RETURNING a","param_rows":[[1],["two"],[{"$blob":"AAE="}],[null]]},
		{"sql":"UPDATE t SET a = :new WHERE a = :old","param_rows":[{"old":1,"new":10},{"new":"zwei","old":"two"},{"new":0,"old":5}]},
		{"sql":"DELETE FROM t","param_rows":[]}]`))
	if got := show(r); got != "ok rev 2 rows 6" {
		t.Errorf("%s, want ok rev 2 rows 6", got)
	}
	want := `[{"rows_affected":4,"last_insert_rowid":4,"columns":["a"],"types":[""],"rows":[[1],["two"],[{"$blob":"AAE="}],[null]]},` +
		`{"rows_affected":2,"last_insert_rowid":4},{"rows_affected":0,"last_insert_rowid":4}]`
	if diff := cmp.Diff(want, resultsOf(t, r)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	h.wantQuery(`SELECT quote(a) FROM t`, "10 'zwei' X'0001' NULL")

	// One bad row undoes all of them.
	for rows, code := range map[string]wire.Code{
		`[[1],[2,3]]`: wire.CodeInvalidRequest, `[[1],{"x":1}]`: wire.CodeInvalidRequest, `[[1],[]]`: wire.CodeInvalidRequest, `[[1],[1],[2]]`: wire.CodeSQLError,
	} {
		r := h.fails(parsed(t, `"stmts":[{"sql":"SELECT 1"},{"sql":"INSERT INTO t VALUES(?)","param_rows":`+rows+`}]`), code)
		if r.StatementIndex == nil || *r.StatementIndex != 1 || r.RowIndex == nil || *r.RowIndex != 1 {
			t.Errorf("%s: statement_index %v, row_index %v, want 1 and 1", rows, r.StatementIndex, r.RowIndex)
		}
	}
	if r := h.fails(batchOf(`INSERT INTO t VALUES(1),(1)`), wire.CodeSQLError); r.RowIndex != nil {
		t.Errorf("a statement without param_rows fails at row %d", *r.RowIndex)
	}
	h.fails(parsed(t, `"stmts":[{"sql":"SELECT 1; SELECT 2","param_rows":[[]]}]`), wire.CodeInvalidRequest)
	h.wantQuery(`SELECT count(*) FROM t`, "4")
}

// The rows of parameters belong to what makes a batch the same.
func TestManyRowsAskedAgain(t *testing.T) {
	h := serving(t)
	batch := func(rows string) *wire.Request {
		return withID("a", parsed(t, fmt.Sprintf(`"stmts":[{"sql":"INSERT INTO t VALUES(?)","param_rows":%s}]`, rows)))
	}
	h.ok(batch(`[[1],[2]]`))
	if r := h.ok(batch(`[[1],[2]]`)); !r.Replayed {
		t.Error("the same batch is executed twice")
	}
	h.fails(batch(`[[1],[3]]`), wire.CodeRequestIDReused)
	h.fails(batch(`[]`), wire.CodeRequestIDReused)
	h.wantQuery(`SELECT a FROM t`, "1 2")
}

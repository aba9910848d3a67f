package wire

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sameRequest compares parameters by what they yield.
var sameRequest = cmp.Options{
	sameValue,
	cmp.Comparer(func(a, b Params) bool {
		return a.Named() == b.Named() && a.Len() == b.Len() && cmp.Equal(paramsOf(a), paramsOf(b), sameValue)
	}),
	cmp.Comparer(func(a, b ParamRows) bool { return a.Len() == b.Len() && cmp.Equal(rowsOf(a), rowsOf(b), sameValue) }),
}

// rowsOf returns the parameters of each row.
func rowsOf(p ParamRows) (rows [][]param) {
	_ = p.Each(func(row Params) error { // nothing fails
		rows = append(rows, paramsOf(row))
		return nil
	})
	return rows
}

func params(t *testing.T, text string) Params {
	t.Helper()
	p, err := ParseParams([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParseRequest(t *testing.T) {
	batch := func(edit func(r *Request)) *Request {
		r := &Request{Type: TypeExecBatch, DB: DefaultDB, Tx: TxAtomic, Stmts: []Stmt{{SQL: "s"}}}
		edit(r)
		return r
	}
	for _, c := range []struct {
		body string
		want *Request
	}{
		{`{"type":"Status"}`, &Request{Type: TypeStatus}},
		{`{"type":"Shutdown","db":5,"stmts":1}`, &Request{Type: TypeShutdown}},
		{` {"id" : [1, 2] , "type":"Ping"} `, &Request{Type: TypePing, ID: []byte("[1, 2]"), DB: DefaultDB}},
		{`{"id":null,"type":"Ping","db":null}`, &Request{Type: TypePing, ID: []byte("null"), DB: DefaultDB}},
		{`{"type":"Ping","db":""}`, &Request{Type: TypePing, HasDB: true}},
		{`{"\u0074ype":"Pin\u0067","d\u0062":"a\u0000b"}`, &Request{Type: TypePing, DB: "a\x00b", HasDB: true}},
		{`{"Type":"Status","TYPE":5,"type":"Ping","DB":7}`, &Request{Type: TypePing, DB: DefaultDB}},
		{`{"x":1,"x":2,"type":"ReopenDatabase"}`, &Request{Type: TypeReopenDatabase, DB: DefaultDB}},
		{`{"type":"PrepareForMaintenance","require_exclusive":5}`, &Request{Type: TypePrepareForMaintenance, DB: DefaultDB}},
		{`{"type":"CloseDatabase"}`, &Request{Type: TypeCloseDatabase, DB: DefaultDB}},
		{`{"type":"CloseDatabase","require_exclusive":null}`, &Request{Type: TypeCloseDatabase, DB: DefaultDB}},
		{`{"type":"CloseDatabase","require_exclusive":true}`, &Request{Type: TypeCloseDatabase, DB: DefaultDB, RequireExclusive: true}},
		{`{"type":"ExecBatch","stmts":[{"sql":"s"}]}`, batch(func(*Request) {})},
		{
			`{"type":"ExecBatch","stmts":[{"sql":"s"}],"tx":null,"request_id":null,"forget":null,"expect_rev":null,"sync":null,"timeout_ms":null}`,
			batch(func(*Request) {}),
		},
		{
			`{"type":"ExecBatch","stmts":[ {"sql":"s","SQL":1,"params":null} , {"params":[1],"sql":""},{"sql":"u","params":{":a":[]}} ],"tx":"none"}`,
			batch(func(r *Request) {
				r.Tx = TxNone
				r.Stmts = append(r.Stmts, Stmt{Params: params(t, `[1]`)}, Stmt{SQL: "u", Params: params(t, `{":a":[]}`)})
			}),
		},
		{
			`{"type":"ExecBatch","stmts":[{"sql":"s"}],"request_id":"\u0000","forget":["a","b"],"expect_rev":9223372036854775807,"sync":"full","timeout_ms":1}`,
			batch(func(r *Request) {
				r.RequestID, r.Forget, r.ExpectRev, r.Sync, r.Timeout = "\x00", []string{"a", "b"}, pointer[int64](math.MaxInt64), SyncFull, time.Millisecond
			}),
		},
		{
			`{"type":"ExecBatch","stmts":[{"sql":"s"}],"forget":[],"expect_rev":{"$int":"-9223372036854775808"},"sync":"normal","timeout_ms":9223372036854775807}`,
			batch(func(r *Request) {
				r.ExpectRev, r.Sync = pointer[int64](math.MinInt64), SyncNormal
				r.Timeout = math.MaxInt64 / time.Millisecond * time.Millisecond
			}),
		},
		{
			`{"type":"ExecBatch","stmts":[{"sql":"s"}],"request_id":"` + strings.Repeat("é", MaxRequestID/2) + `"}`,
			batch(func(r *Request) { r.RequestID = strings.Repeat("é", MaxRequestID/2) }),
		},
	} {
		got, err := ParseRequest([]byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		if diff := cmp.Diff(c.want, got, sameRequest, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.body, diff)
		}
	}
}

func TestParseRequestRefuses(t *testing.T) {
	exec := func(fields string) string { return `{"id":{"k":[7]},"type":"ExecBatch",` + fields + `}` }
	const stmts = `"stmts":[{"sql":"s"}]`
	cases := []struct {
		body string
		code Code
		id   string
		say  string // part of the message
	}{
		{``, CodeInvalidRequest, ``, "not JSON"},
		{`5`, CodeInvalidRequest, ``, "not a JSON object"},
		{`[]`, CodeInvalidRequest, ``, "not a JSON object"},
		{`null`, CodeInvalidRequest, ``, "not a JSON object"},
		{`{"type":"Ping"} x`, CodeInvalidRequest, ``, "not JSON"},
		{"{\"type\":\"Ping\",\"x\":\"\xff\"}", CodeInvalidRequest, ``, "UTF-8"},
		{"\ufeff{}", CodeInvalidRequest, ``, "not JSON"},
		{`{"id":7,"type":"Ping",`, CodeInvalidRequest, `7`, "not JSON"},
		{`{"id":7`, CodeInvalidRequest, `7`, "not JSON"},
		{`{"id":"half`, CodeInvalidRequest, ``, "without an end"},
		{`{"id":7,"x":"\ud800"}`, CodeInvalidRequest, `7`, "surrogate"},
		{`{"id":7,"x":` + nested(MaxDepth) + `}`, CodeInvalidRequest, `7`, "nesting deeper"},
		{`{"id":` + nested(MaxDepth) + `}`, CodeInvalidRequest, ``, "nesting deeper"},
		{`{"id":7,"type":"Ping","type":"Status"}`, CodeInvalidRequest, `7`, `"type" stands twice`},
		{`{"db":"a","d\u0062":null,"id":7}`, CodeInvalidRequest, `7`, `"db" stands twice`},
		{`{"id":7,"id":8,"type":"Ping"}`, CodeInvalidRequest, `7`, `"id" stands twice`},
		{`{"id":7}`, CodeInvalidRequest, `7`, `"type" is missing`},
		{`{"id":7,"type":null}`, CodeInvalidRequest, `7`, `"type" is missing`},
		{`{"id":7,"type":5}`, CodeInvalidRequest, `7`, `"type" must be a string`},
		{`{"id":7,"type":""}`, CodeUnknownType, `7`, `""`},
		{`{"id":7,"type":"ping"}`, CodeUnknownType, `7`, `"ping"`},
		{`{"id":7,"type":"Ping\u0000"}`, CodeUnknownType, `7`, `"Ping\x00"`},
		{`{"id":7,"type":"Ping","db":5}`, CodeInvalidRequest, `7`, `"db" must be a string`},
		{`{"id":7,"type":"CloseDatabase","require_exclusive":1}`, CodeInvalidRequest, `7`, "true or false"},
		{`{"id":7,"type":"CloseDatabase","require_exclusive":"true"}`, CodeInvalidRequest, `7`, "true or false"},
		{exec(`"db":"a"`), CodeInvalidRequest, `{"k":[7]}`, `"stmts" must be an array`},
	}
	for fields, say := range map[string]string{
		`"stmts":null`:                    `"stmts" must be an array`,
		`"stmts":{}`:                      `"stmts" must be an array`,
		`"stmts":[]`:                      "empty",
		`"stmts":[null]`:                  "statement 0: it must be an object",
		`"stmts":["s"]`:                   "statement 0: it must be an object",
		`"stmts":[{"sql":"s"},{}]`:        `statement 1: the field "sql" is missing`,
		`"stmts":[{"sql":null}]`:          `the field "sql" is missing`,
		`"stmts":[{"SQL":"s"}]`:           `the field "sql" is missing`,
		`"stmts":[{"sql":5}]`:             `"sql" must be a string`,
		`"stmts":[{"sql":"s","sql":"t"}]`: `"sql" stands twice`,
		`"stmts":[{"sql":"s","params":[],"params":null}]`:                      `"params" stands twice`,
		`"stmts":[{"sql":"s","params":5}]`:                                     `"params" must be`,
		`"stmts":[{"sql":"s","params":[0,1e999]}]`:                             "parameter 2: ",
		`"stmts":[{"sql":"s","params":{"a":{"$int":"x"}}}]`:                    "parameter 1: ",
		stmts + `,"tx":"Atomic"`:                                               `"tx" must be one of ["atomic" "none"]`,
		stmts + `,"tx":5`:                                                      `"tx" must be a string`,
		stmts + `,"sync":""`:                                                   `"sync" must be one of`,
		stmts + `,"sync":true`:                                                 `"sync" must be a string`,
		stmts + `,"request_id":""`:                                             "1 to 128 bytes",
		stmts + `,"request_id":"` + strings.Repeat("é", MaxRequestID/2) + `x"`: "1 to 128 bytes",
		stmts + `,"request_id":5`:                                              `"request_id" must be a string`,
		stmts + `,"forget":"a"`:                                                `"forget" must be an array`,
		stmts + `,"forget":[""]`:                                               "1 to 128 bytes",
		stmts + `,"forget":[null]`:                                             "1 to 128 bytes",
		stmts + `,"forget":[5]`:                                                `"forget" must be a string`,
		stmts + `,"expect_rev":"5"`:                                            `"expect_rev" must be an integer`,
		stmts + `,"expect_rev":5.0`:                                            `"expect_rev" must be an integer`,
		stmts + `,"expect_rev":5e0`:                                            `"expect_rev" must be an integer`,
		stmts + `,"expect_rev":9223372036854775808`:                            `"expect_rev" must be an integer`,
		stmts + `,"expect_rev":{"$int":5}`:                                     `"expect_rev" must be an integer`,
		stmts + `,"expect_rev":true`:                                           `"expect_rev" must be an integer`,
		stmts + `,"timeout_ms":0`:                                              "at least 1",
		stmts + `,"timeout_ms":-1`:                                             "at least 1",
		stmts + `,"timeout_ms":1.5`:                                            `"timeout_ms" must be an integer`,
		stmts + `,"timeout_ms":"1"`:                                            `"timeout_ms" must be an integer`,
		`"stmts":[` + strings.Repeat(`{"sql":""},`, MaxStmts) + `{"sql":""}]`:  "at most 100000 statements",
		stmts + `,"forget":[` + strings.Repeat(`"a",`, MaxForget) + `"a"]`:     "at most 10000 ids",
	} {
		cases = append(cases, struct {
			body string
			code Code
			id   string
			say  string
		}{exec(fields), CodeInvalidRequest, `{"k":[7]}`, say})
	}
	for _, c := range cases {
		r, err := ParseRequest([]byte(c.body))
		if got := ErrorCode(err); got != c.code {
			t.Errorf("%.120s: %v, want %s", c.body, err, c.code)
			continue
		}
		if !strings.Contains(err.Error(), c.say) {
			t.Errorf("%.120s: %q does not say %q", c.body, err, c.say)
		}
		if string(r.ID) != c.id {
			t.Errorf("%.120s: id %q, want %q", c.body, r.ID, c.id)
		}
	}
}

func TestParseRequestAtBounds(t *testing.T) {
	body := `{"type":"ExecBatch","forget":[` + strings.Repeat(`"a",`, MaxForget-1) + `"a"],"stmts":[` +
		strings.Repeat(`{"sql":""},`, MaxStmts-1) + `{"sql":"","params":[` + nested(MaxDepth-4) + `]}]}`
	r, err := ParseRequest([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Stmts) != MaxStmts || len(r.Forget) != MaxForget {
		t.Errorf("%d statements, %d ids", len(r.Stmts), len(r.Forget))
	}
	deep := strings.Replace(body, "[[[", "[[[[", 1)
	deep = strings.Replace(deep, "]]]", "]]]]", 1)
	if _, err := ParseRequest([]byte(deep)); ErrorCode(err) != CodeInvalidRequest {
		t.Errorf("nested one deeper: %v", err)
	}
}

// TestParseRequestCopiesTexts checks what outlives the frame: names and SQL.
func TestParseRequestCopiesTexts(t *testing.T) {
	body := []byte(`{"type":"ExecBatch","db":"d","request_id":"r","forget":["f"],"stmts":[{"sql":"s"}]}`)
	r, err := ParseRequest(body)
	if err != nil {
		t.Fatal(err)
	}
	clear(body)
	want := &Request{
		Type: TypeExecBatch, DB: "d", HasDB: true, Tx: TxAtomic, RequestID: "r", Forget: []string{"f"}, Stmts: []Stmt{{SQL: "s"}},
	}
	if diff := cmp.Diff(want, r, sameRequest); diff != "" {
		t.Errorf("after the frame changed (-want +got):\n%s", diff)
	}
}

func TestAppendRequest(t *testing.T) {
	for _, c := range []struct {
		r    *Request
		want string
	}{
		{&Request{Type: TypeStatus}, `{"type":"Status"}`},
		{&Request{Type: TypePing, DB: "unsaid"}, `{"type":"Ping"}`},
		{&Request{Type: TypePing, ID: []byte(`"a"`), DB: "a\"\x00", HasDB: true}, `{"type":"Ping","id":"a","db":"a\"\u0000"}`},
		{&Request{Type: TypeExecBatch, Stmts: []Stmt{{SQL: "s"}}, Timeout: time.Microsecond}, `{"type":"ExecBatch","timeout_ms":1,"stmts":[{"sql":"s"}]}`},
		{
			&Request{Type: TypeExecBatch, ExpectRev: pointer[int64](1 << 60), Stmts: []Stmt{{SQL: "s", Params: params(t, "[ 1 ]")}, {SQL: "t"}}},
			`{"type":"ExecBatch","expect_rev":{"$int":"1152921504606846976"},"stmts":[{"sql":"s","params":[ 1 ]},{"sql":"t"}]}`,
		},
		{&Request{Type: TypeCloseDatabase, RequireExclusive: true}, `{"type":"CloseDatabase","require_exclusive":true}`},
	} {
		if diff := cmp.Diff("x"+c.want, string(AppendRequest([]byte("x"), c.r))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestMalformedTextIsRefusedNotRepaired(t *testing.T) {
	body := AppendRequest(nil, &Request{Type: TypeExecBatch, Stmts: []Stmt{{SQL: "SELECT '\xff'"}}})
	if _, err := ParseRequest(body); ErrorCode(err) != CodeInvalidRequest {
		t.Errorf("got %v, want %s", err, CodeInvalidRequest)
	}
}

func BenchmarkParseRequest(b *testing.B) {
	body := []byte(`{"id":7,"type":"ExecBatch","db":"app.db","stmts":[{"sql":"INSERT INTO t(a,b,c) VALUES(?,?,?)","params":[42,"some text",2.5]}]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseRequest(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendRequest(b *testing.B) {
	p, err := NewParams(42, "some text", 2.5)
	if err != nil {
		b.Fatal(err)
	}
	r := &Request{ID: []byte("7"), Type: TypeExecBatch, DB: "app.db", HasDB: true, Stmts: []Stmt{{SQL: "INSERT INTO t(a,b,c) VALUES(?,?,?)", Params: p}}}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendRequest(buf[:0], r)
	}
}

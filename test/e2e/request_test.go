package e2e

import (
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// What is not a request is refused with a sentence, makes no file, and the
// connection goes on.
func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	c := d.Dial()
	for name, bodies := range map[string][]string{
		"not JSON": {
			"", " ", "nonsense", "{", `{"type":"Ping"`, `{"type":"Ping"} x`, `{"type":"Ping",}`, `{'type':'Ping'}`,
			`{"type":"Ping","x":NaN}`, "{\"type\":\"Ping\",\"x\":\"\xff\"}", "{\"type\":\"Ping\",\"x\":\"\x00\"}",
			`{"type":"Ping","x":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`,
		},
		"not an object":    {`[]`, `"Ping"`, `null`, `true`, `1`, `[{"type":"Ping"}]`},
		"no type":          {`{}`, `{"type":null}`, `{"Type":"Ping"}`},
		"a type of a type": {`{"type":1}`, `{"type":["Ping"]}`, `{"type":{}}`, `{"type":"Ping","type":"Ping"}`},
		"a name of a type": {`{"type":"Ping","db":1}`, `{"type":"CloseDatabase","db":["a"]}`, `{"type":"ReopenDatabase","db":true}`},
		"a flag of a type": {`{"type":"CloseDatabase","require_exclusive":1}`, `{"type":"CloseDatabase","require_exclusive":"true"}`},
		"no batch":         {rawBatch(`null`), rawBatch(`{}`), rawBatch(`"SELECT 1"`), `{"type":"ExecBatch"}`},
		"an empty batch":   {rawBatch(`[]`)},
		"a statement of a type": {
			rawBatch(`[1]`), rawBatch(`[null]`), rawBatch(`["SELECT 1"]`), rawBatch(`[[]]`), rawBatch(`[{}]`), rawBatch(`[{"sql":1}]`), rawBatch(`[{"sql":null}]`),
			rawBatch(`[{"sql":"SELECT 1","sql":"SELECT 2"}]`), rawBatch(`[{"sql":"SELECT 1"},{"params":[]}]`),
		},
		"parameters of a type": {params(`1`), params(`"x"`), params(`true`)},
		"a value that fits nowhere": {
			params(`[1e999]`), params(`[9223372036854775808]`), params(`[{"$int":"9223372036854775808"}]`), params(`[{"$int":1}]`),
			params(`[{"$int":"1.5"}]`), params(`[{"$blob":"***"}]`), params(`[{"$real":"nan"}]`),
		},
		"an option of a type": {
			option("tx", "both"), option("tx", 1), option("sync", "off"), option("timeout_ms", "1"), option("timeout_ms", 0),
			option("timeout_ms", -1), option("timeout_ms", 1.5), option("expect_rev", "1"), option("expect_rev", 1.5),
			option("request_id", 1), option("request_id", ""), option("request_id", strings.Repeat("x", wire.MaxRequestID+1)),
			option("forget", "a"), option("forget", []int{1}), option("forget", []string{""}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, body := range bodies {
				t.Logf("%.100q: %s", body, c.Refused(body, wire.CodeInvalidRequest).Message)
			}
		})
	}
	wantGone(t, d.File(wire.DefaultDB))
	c.OK(harness.Batch(wire.DefaultDB, createT))
}

// rawBatch returns an ExecBatch with that text for its statements.
func rawBatch(stmts string) string { return `{"type":"ExecBatch","stmts":` + stmts + `}` }

// params returns an ExecBatch with that text for its only parameters.
func params(text string) string { return rawBatch(`[{"sql":"SELECT ?","params":` + text + `}]`) }

// option returns an ExecBatch with one more field.
func option(name string, value any) string {
	return harness.With(rawBatch(`[{"sql":"SELECT 1"}]`), name, value)
}

// Parameters that do not match the statement are the client's mistake, and the
// batch is undone.
func TestParameterCount(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, wire.DefaultDB)
	for _, stmt := range []string{
		`{"sql":"INSERT INTO t VALUES(?,?)"}`,
		`{"sql":"INSERT INTO t VALUES(?,?)","params":[]}`,
		`{"sql":"INSERT INTO t VALUES(?,?)","params":[1]}`,
		`{"sql":"INSERT INTO t VALUES(?,?)","params":[1,2,3]}`,
		`{"sql":"INSERT INTO t VALUES(?,?)","params":{"a":1}}`,
		`{"sql":"INSERT INTO t VALUES(?3,1)","params":[1]}`,
		`{"sql":"INSERT INTO t VALUES(1,1)","params":[1]}`,
		`{"sql":"INSERT INTO t VALUES(:a,:b)","params":{"a":1}}`,
		`{"sql":"INSERT INTO t VALUES(:a,:b)","params":{"a":1,"b":2,"c":3}}`,
		`{"sql":"INSERT INTO t VALUES(?,?); SELECT 1","params":[1,2]}`,
	} {
		c.Refused(rawBatch(`[{"sql":"INSERT INTO t VALUES(0,0)"},`+stmt+`]`), wire.CodeInvalidRequest)
	}
	c.OK(rawBatch(`[{"sql":"INSERT INTO t VALUES(?,?)","params":[1,2]},{"sql":"INSERT INTO t VALUES(:a,$b)","params":{"a":1,"$b":2}}]`))
	wantCount(t, d, wire.DefaultDB, 2)
}

// A type that the protocol does not have is told apart from a malformed one.
func TestUnknownType(t *testing.T) {
	t.Parallel()
	c := harness.Start(t, harness.Config{}).Dial()
	for _, typ := range []string{"", "ping", "PING", "Ping ", "Execute", "Subscribe2", strings.Repeat("x", 10_000), "\u0000"} {
		c.Refused(harness.With(`{"x":1}`, "type", typ), wire.CodeUnknownType)
	}
	c.OK(harness.Command(wire.TypePing, ""))
}

// Fields that this version does not know are ignored.
func TestUnknownFields(t *testing.T) {
	t.Parallel()
	c := harness.Start(t, harness.Config{}).Dial()
	c.OK(`{"type":"Ping","colour":{"deep":[1,2,{"x":null}]},"stmts":7}`)
	c.OK(`{"type":"ExecBatch","hint":1,"stmts":[{"sql":"CREATE TABLE t(x)","note":"n"}]}`)
}

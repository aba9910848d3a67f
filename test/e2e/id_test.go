package e2e

import (
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// The id of a request comes back as it was sent, with failures too.
func TestIDEcho(t *testing.T) {
	t.Parallel()
	c := harness.Start(t, harness.Config{}).Dial()
	for _, id := range []string{
		`1`, `-0`, `1e3`, `12345678901234567890`, `"a"`, `"<&>\u2028\n"`, `""`, `true`, `{"b":[1,2],"a":null}`, `[]`,
		`"` + strings.Repeat("x", 100_000) + `"`,
	} {
		for body, code := range map[string]wire.Code{
			`{"type":"Ping"}`:                "",
			`{"type":"Ping","db":"../x"}`:    wire.CodeInvalidDatabaseName,
			`{"type":"Status"}`:              "",
			`{"type":"Nonsense"}`:            wire.CodeUnknownType,
			`{"db":1}`:                       wire.CodeInvalidRequest,
			rawBatch(`[]`):                   wire.CodeInvalidRequest,
			rawBatch(`[{"sql":"SELECT 1"}]`): "",
			rawBatch(`[{"sql":"SELEC 1"}]`):  wire.CodeSQLError,
			rawBatch(`[{"sql":"BEGIN"}]`):    wire.CodeForbiddenStatement,
		} {
			reply := c.Ask(strings.TrimSuffix(body, "}") + `,"id":` + id + `}`)
			if string(reply.ID) != id || reply.Code != code {
				t.Errorf("%s with the id %.50s: got the id %.50s and the code %q, want %q", body, id, reply.ID, reply.Code, code)
			}
		}
	}
	if reply := c.OK(`{"type":"Ping"}`); reply.ID != nil {
		t.Errorf("got the id %s, sent none", reply.ID)
	}
}

package cli_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/wire"
)

// sent returns the last ExecBatch that the daemon got, as JSON without the
// fields that differ from run to run.
func sent(t *testing.T, requests []*wire.Request) string {
	t.Helper()
	for _, r := range slices.Backward(requests) {
		if r.Type == wire.TypeExecBatch {
			bare := *r
			bare.ID, bare.RequestID, bare.Tx = nil, "", ""
			return string(wire.AppendRequest(nil, &bare))
		}
	}
	t.Fatal("no batch was sent")
	return ""
}

// batch is the JSON of a batch with those fields.
func batch(fields string) string { return `{"type":"ExecBatch","db":"data.db",` + fields + `}` }

func TestExecRequests(t *testing.T) {
	d, sh := start(t)
	file := filepath.Join(t.TempDir(), "x.sql")
	if err := os.WriteFile(file, []byte("A; B;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		args  []string
		stdin string
		want  string
	}{
		{"statements", []string{"A", "B"}, "", `"stmts":[{"sql":"A"},{"sql":"B"}]`},
		{"SQL like a flag", []string{"--", "--x"}, "", `"stmts":[{"sql":"--x"}]`},
		{"file", []string{"-f", file}, "", `"stmts":[{"sql":"A; B;\u000a"}]`},
		{"stdin", []string{"--file", "-"}, "A;B", `"stmts":[{"sql":"A;B"}]`},
		{"options", []string{"--tx", "none", "--sync", "full", "--timeout", "1.5s", "--expect-rev", "0", "A"}, "",
			`"sync":"full","expect_rev":0,"timeout_ms":1500,"stmts":[{"sql":"A"}]`},
		{"placed", []string{"--param", "1", "-p", "x", "A"}, "", `"stmts":[{"sql":"A","params":[1,"x"]}]`},
		{"named", []string{"--named", "b=x=y", "--named", ":a=null", "A"}, "", `"stmts":[{"sql":"A","params":{":a":null,"b":"x=y"}}]`},
		{"JSON", []string{"--params-json", `[[1,2],"x"]`, "A"}, "", `"stmts":[{"sql":"A","params":[[1,2],"x"]}]`},
		{"JSON object on stdin", []string{"--params-json", "-", "A"}, `{"a":9007199254740993}`, `"stmts":[{"sql":"A","params":{"a":9007199254740993}}]`},
		{"JSON for several", []string{"--params-json", `[[1], null, {"a":2}]`, "A", "B", "C"}, "",
			`"stmts":[{"sql":"A","params":[1]},{"sql":"B"},{"sql":"C","params":{"a":2}}]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sh.stdin = test.stdin
			sh.run(t, append([]string{"exec"}, test.args...)...)
			if diff := cmp.Diff(batch(test.want), sent(t, d.Requests())); diff != "" {
				t.Error(diff)
			}
		})
	}
	if r := sh.run(t, "exec", "-f", file+".none"); r.Code != 1 {
		t.Errorf("got %+v", r)
	}
}

// A value is what it looks like to a JSON reader; every other type has a prefix.
func TestValues(t *testing.T) {
	d, sh := start(t)
	tests := map[string]string{
		"null": "null", "true": "1", "false": "0",
		"0": "0", "-7": "-7", "9223372036854775807": `{"$int":"9223372036854775807"}`,
		"1.5": "1.5", "2e9": "2e+09", "2.0": "2.0", "-0.5": "-0.5",
		"": `""`, "Sirius": `"Sirius"`, "007": `"007"`, "+1": `"+1"`, "1,5": `"1,5"`, ".5": `".5"`, "1 ": `"1 "`, "NULL": `"NULL"`,
		"http://x": `"http://x"`, "int": `"int"`, "json": `"json"`,
		"text:12": `"12"`, "text:": `""`, "text:text:x": `"text:x"`,
		"int:5": "5", "real:5": "5.0", "real:-inf": `{"$real":"-inf"}`,
		"blob:eQ==": `{"$blob":"eQ=="}`, "blob:": `{"$blob":""}`,
		`json:"x"`: `"x"`, `json:[1, 2]`: `"[1, 2]"`, `json:{"a":null}`: `"{\"a\":null}"`, `json:{"$blob":"eQ=="}`: `{"$blob":"eQ=="}`,
	}
	for value, want := range tests {
		t.Run(value, func(t *testing.T) {
			sh.run(t, "exec", "A", "--param="+value)
			want := batch(`"stmts":[{"sql":"A","params":[` + want + `]}]`)
			if diff := cmp.Diff(want, sent(t, d.Requests())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

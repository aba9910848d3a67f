package e2e

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// before says what must have happened for the golden exchanges to come about,
// beside a daemon that has just started. ask is the exchange's request.
var before = map[string]func(t *testing.T, d *harness.Daemon, c *harness.Conn, ask string){
	"close": makeApp,
	"close_exclusive": func(t *testing.T, d *harness.Daemon, c *harness.Conn, ask string) {
		makeApp(t, d, c, ask)
		harness.Open(t, d.File("app.db"), "ro").Exec(`SELECT * FROM t`)
	},
	"exec_full": func(t *testing.T, d *harness.Daemon, c *harness.Conn, ask string) {
		c.OK(harness.Batch("app.db", `CREATE TABLE t(a, b, c, d, e, f, g); CREATE TABLE u(a); INSERT INTO u VALUES(1)`))
		for range 40 {
			c.OK(harness.Batch("app.db", `UPDATE u SET a = a + 1`))
		}
	},
	"exec_none_error": func(t *testing.T, d *harness.Daemon, c *harness.Conn, ask string) {
		c.OK(harness.Batch(wire.DefaultDB, `CREATE TABLE t(x)`))
	},
	"exec_replayed": func(t *testing.T, d *harness.Daemon, c *harness.Conn, ask string) {
		c.OK(harness.Batch(wire.DefaultDB, `CREATE TABLE t(x)`))
		c.OK(ask)
	},
	"exec_sql_error": func(t *testing.T, d *harness.Daemon, c *harness.Conn, ask string) {
		c.OK(harness.Batch(wire.DefaultDB, `CREATE TABLE t(x UNIQUE)`))
	},
	"ping_db": func(t *testing.T, d *harness.Daemon, c *harness.Conn, ask string) {
		mkdir(t, d.Dir, "notes")
		c.OK(harness.Batch("notes/app.db", createT))
	},
	"prepare": makeApp,
	"prepare_already": func(t *testing.T, d *harness.Daemon, c *harness.Conn, ask string) {
		makeApp(t, d, c, ask)
		c.OK(ask)
	},
	"reopen": func(t *testing.T, d *harness.Daemon, c *harness.Conn, ask string) {
		makeApp(t, d, c, ask)
		c.OK(harness.Command(wire.TypeCloseDatabase, "app.db"))
	},
	"status": func(t *testing.T, d *harness.Daemon, c *harness.Conn, ask string) {
		makeApp(t, d, c, ask)
		c.OK(`{"type":"Begin","db":"app.db"}`)
	},
	"query":     makeStars,
	"begin":     makeStars,
	"commit":    makeStars,
	"subscribe": makeApp,
	"query_first": func(t *testing.T, d *harness.Daemon, c *harness.Conn, ask string) {
		makeStars(t, d, c, ask)
		c.OK(harness.Batch("app.db", `INSERT INTO t SELECT i, i FROM (`+numbers+` LIMIT 50000)`))
	},
	"query_transaction": makeStars,
	"exec_results": func(t *testing.T, d *harness.Daemon, c *harness.Conn, ask string) {
		c.OK(harness.Batch("app.db", `CREATE TABLE t(id INTEGER PRIMARY KEY, a); CREATE TABLE u(a)`))
	},
}

// goldenTx stands in the golden requests for the id of a transaction that the
// connection has begun.
const goldenTx = "tx-0123456789abcdef"

// makeStars makes a table and brings the database to rev 42.
func makeStars(_ *testing.T, _ *harness.Daemon, c *harness.Conn, _ string) {
	c.OK(harness.Batch("app.db", `CREATE TABLE t(a INTEGER, b)`))
	for range 41 {
		c.OK(harness.Batch("app.db", `INSERT INTO t VALUES(2, 'x')`))
	}
}

func makeApp(_ *testing.T, _ *harness.Daemon, c *harness.Conn, _ string) {
	c.OK(harness.Batch("app.db", createT))
}

// The golden exchanges come about with a real daemon: the replies have the same
// fields, and those that do not depend on the machine are the same.
func TestGoldenExchanges(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob(filepath.Join("..", "..", "wire", "testdata", "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no golden exchanges (%v)", err)
	}
	for _, name := range names {
		base := strings.TrimSuffix(filepath.Base(name), ".json")
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			exchange(t, base, readFile(t, name))
		})
	}
}

// exchange sends a golden request and compares the reply.
func exchange(t *testing.T, base, text string) {
	var x struct {
		Request json.RawMessage
		Text    string `json:"request_text"`
		Reply   json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &x); err != nil {
		t.Fatal(err)
	}
	ask := x.Text
	if ask == "" {
		ask = string(x.Request)
	}
	d := harness.Start(t, harness.Config{})
	c := d.Dial()
	if prepare := before[base]; prepare != nil {
		prepare(t, d, c, ask)
	}
	if strings.Contains(ask, goldenTx) && base != "rollback" { // which names none that there is
		ask = strings.ReplaceAll(ask, goldenTx, c.OK(`{"type":"Begin","db":"app.db"}`).Tx)
	}
	if err := c.Send(ask); err != nil {
		t.Fatal(err)
	}
	if base == "subscribe_commit" { // an event, behind the first frame
		c.Reply()
		d.Dial().OK(harness.Batch("app.db", `CREATE TABLE stars(a)`))
	}
	reply, err := c.Frame()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(outline(t, x.Reply), outline(t, reply)); diff != "" {
		t.Errorf("%s\ngets (-want +got):\n%s", ask, diff)
	}
	if base == "shutdown" {
		d.WantExit(0)
	}
}

// outline returns what of a reply does not depend on the machine and the
// moment: all of some fields, and the kind of the others.
func outline(t *testing.T, reply []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(reply))
	decoder.UseNumber()
	var v map[string]any
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("%s: %v", reply, err)
	}
	kinds := kindOf(v).(map[string]any)
	if _, ok := v["rows"]; ok { // as many as there are
		kinds["rows"] = []any{}
	}
	for _, same := range []string{"id", "status", "code", "retryable", "sqlite_code", "statement_index", "rows_affected", "protocol"} {
		if value, ok := v[same]; ok {
			kinds[same] = value
		}
	}
	return kinds
}

// kindOf returns v with the empty value of each one's kind in its place.
func kindOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		kinds := map[string]any{}
		for name, value := range v {
			kinds[name] = kindOf(value)
		}
		return kinds
	case []any:
		kinds := make([]any, len(v))
		for i, value := range v {
			kinds[i] = kindOf(value)
		}
		return kinds
	case string:
		return ""
	case json.Number:
		return json.Number("")
	case bool:
		return false
	}
	return v
}

package e2e

import (
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// someValues has each kind of value, and those that are easily lost.
const someValues = `[null, 0, -1, {"$int":"9223372036854775807"}, {"$int":"-9223372036854775808"}, 9007199254740991, 2.0, -1.5e-300, 0.1,
 {"$real":"inf"}, {"$real":"-inf"}, "", "it's \"Zürich\", 東京\r\n", "a\u0000b", "12", "1.50", {"$blob":""}, {"$blob":"AAECw/8="}]`

// makeValues makes a table v with a row for each of someValues, in the
// database a.db of d.
func makeValues(t *testing.T, d *harness.Daemon, sh shell) {
	t.Helper()
	sh.stdin = someValues
	places := strings.TrimSuffix(strings.Repeat("(?),", 18), ",")
	if got := sh.run("exec", "--db", "a.db", "--params-json", "-", "INSERT INTO v(x) VALUES"+places); got.Status != 0 {
		t.Fatalf("%+v", got)
	}
}

// wantSameValues checks that table v of two databases has the same rows.
func wantSameValues(t *testing.T, d *harness.Daemon, db string) {
	t.Helper()
	const all = `SELECT group_concat(typeof(x) || ' ' || hex(x) || ' ' || quote(x), '|') FROM (SELECT x FROM v ORDER BY rowid)`
	reader := harness.Open(t, d.File("a.db"), "ro")
	defer reader.Close()
	wantRows(t, d.File(db), all, reader.Text(all))
}

// What query prints as NDJSON, import stores again as it was.
func TestQueryRoundTrip(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	sh := shell{t: t, socket: d.Socket, dir: d.Dir}
	d.Dial().OK(harness.Batch("a.db", `CREATE TABLE v(x)`))
	makeValues(t, d, sh)
	rows := sh.run("query", "a.db", "SELECT x FROM v ORDER BY rowid", "--ndjson")
	if rows.Status != 0 || strings.Count(rows.Out, "\n") != 18 {
		t.Fatalf("%+v", rows)
	}
	// The array has the same objects, with commas between them.
	array := sh.run("query", "a.db", "SELECT x FROM v ORDER BY rowid", "--json")
	if want := "[" + strings.ReplaceAll(strings.TrimSuffix(rows.Out, "\n"), "\n", ",\n") + "]\n"; array.Out != want {
		t.Errorf("got %s, want %s", array.Out, want)
	}
	sh.stdin = rows.Out
	sh.want(result{Out: "✓ 18 rows imported, rev 1 (" + d.File("b.db") + ")\n"}, "import", "b.db", "-", "v", "--format", "ndjson", "--create")
	wantSameValues(t, d, "b.db")
}

// Many rows come through, and their order is kept.
func TestQueryStreams(t *testing.T) {
	t.Parallel()
	d, _ := withT(t, harness.Config{}, "a.db")
	sh := shell{t: t, socket: d.Socket, dir: d.Dir}
	const many = `WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT i FROM n`
	got := sh.run("query", "--db", "a.db", many, "--csv")
	if n := strings.Count(got.Out, "\r\n"); n != 300_001 || got.Status != 0 || !strings.HasSuffix(got.Out, "\r\n300000\r\n") {
		t.Errorf("got %d lines, status %d, %q", n, got.Status, got.Err)
	}
	if got := sh.run("query", "none.db", "SELECT 1"); got.Status != 1 || !strings.HasPrefix(got.Err, "✗ Error: ") {
		t.Errorf("query of no file: %+v", got)
	}
	if got := sh.run("query", "a.db", "DELETE FROM t"); got.Status != 1 || !strings.HasPrefix(got.Err, "✗ Error: ") {
		t.Errorf("query that writes: %+v", got)
	}
}

package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// linesOfT is CSV for the table t, of n rows after the header. The row on line
// bad, if any, is the second with its key.
func linesOfT(n, bad int) string {
	var b strings.Builder
	b.WriteString("client,n\r\n")
	for line := 2; line < n+2; line++ {
		key := line
		if line == bad {
			key--
		}
		fmt.Fprintf(&b, "1,%d\r\n", key)
	}
	return b.String()
}

func TestImport(t *testing.T) {
	t.Parallel()
	d, _ := withT(t, harness.Config{}, "a.db")
	sh := shell{t: t, socket: d.Socket, dir: d.Dir}
	file := filepath.Join(harness.Dir(t), "t.csv")
	writeFile(t, file, linesOfT(100_000, 0))
	sh.want(result{Out: "✓ 100000 rows imported, rev 2 (" + d.File("a.db") + ")\n"}, "import", "a.db", file, "t")
	wantRows(t, d.File("a.db"), `SELECT count(*) || ' ' || sum(n) || ' ' || typeof(n) FROM t`, "100000 5000150000 integer")
	// A pipe, and a table that is made for it.
	sh.stdin = "id,name,of\n7,\"Zürich, 8001\",\n8,\"\",1.50\n"
	if got := sh.object(0, "import", "b.db", "-", "made", "--create"); got["rows_affected"] != 2.0 || got["rev"] != 1.0 {
		t.Errorf("got %v", got)
	}
	wantRows(t, d.File("b.db"), `SELECT group_concat(quote(id) || quote(name) || quote(of)) FROM made`, "7'Zürich, 8001'NULL,8'''1.50'")
	// Objects need not have the same names.
	sh.stdin = "{\"client\":7}\n{\"n\":-2,\"client\":7}\n"
	sh.want(result{Out: "✓ 2 rows imported, rev 3 (" + d.File("a.db") + ")\n"}, "import", "--db", "a.db", "-", "t", "--format", "ndjson")
	wantRows(t, d.File("a.db"), `SELECT group_concat(quote(n)) FROM t WHERE client = 7`, "NULL,-2")
}

// Of a file with an error in the middle nothing is imported; with --batch it
// is told what is.
func TestImportFails(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	c.OK(harness.Batch("a.db", `CREATE UNIQUE INDEX t_n ON t(n)`))
	sh := shell{t: t, socket: d.Socket, dir: d.Dir}
	dir := harness.Dir(t)
	twice, malformed := filepath.Join(dir, "twice.csv"), filepath.Join(dir, "malformed.csv")
	writeFile(t, twice, linesOfT(100_000, 70_000))
	writeFile(t, malformed, strings.Replace(linesOfT(100_000, 0), "1,70000\r\n", "1,70000,x\r\n", 1))
	sh.want(result{Err: "✗ Error: line 70000: UNIQUE constraint failed: t.n; nothing was imported.\n  SQLITE_CONSTRAINT_UNIQUE\n", Status: 1},
		"import", "a.db", twice, "t")
	sh.want(result{Err: "✗ Error: line 70000: it has 3 fields, and the first line has 2; nothing was imported.\n", Status: 1},
		"import", "a.db", malformed, "t")
	wantCount(t, d, "a.db", 0)
	if got := c.OK(harness.Batch("a.db", insertT(1, 1))); *got.Rev != 3 {
		t.Errorf("the rev is %d, want 3", *got.Rev)
	}
	sh.want(result{Err: "✗ Error: line 70000: UNIQUE constraint failed: t.n; 69000 rows before it stay imported.\n  SQLITE_CONSTRAINT_UNIQUE\n", Status: 1},
		"import", "a.db", twice, "t", "--batch", "1000")
	wantCount(t, d, "a.db", 69_001)
	if got := c.OK(harness.Batch("a.db", insertT(1, 0))); *got.Rev != 73 {
		t.Errorf("the rev is %d, want 73", *got.Rev)
	}
}

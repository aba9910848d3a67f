//go:build unix

package e2e

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

const forever = `WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n`

// awaitQueries waits until so many queries of a.db were begun.
func awaitQueries(t *testing.T, c *harness.Conn, n uint64) {
	t.Helper()
	harness.Await(t, "the query runs", func() bool { return uint64(c.Database("a.db").Queries) >= n })
}

// SIGINT ends the statement that runs and not the shell.
func TestShellInterrupt(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	sh := shell{t: t, socket: d.Socket, dir: d.Dir}
	r := sh.begin("shell", "a.db", "--keep-going", "--mode", "ndjson")
	tell := func(line string) {
		if _, err := io.WriteString(r.stdin, line+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	tell("SELECT 1 AS a;")
	r.want(`{"a":1}`)
	before := uint64(c.Database("a.db").Queries)
	tell(forever + ";")
	awaitQueries(t, c, before+1)
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if !r.lines.Scan() || !strings.HasPrefix(r.lines.Text(), "✗ Error: line 2: ") || !strings.HasSuffix(r.lines.Text(), "interrupted.") {
		t.Errorf("got %q", r.lines.Text())
	}
	tell("SELECT 2 AS a;")
	r.want(`{"a":2}`)
	r.stdin.Close()
	r.end(1)
}

// Where nothing runs, SIGINT ends a shell that reads from a pipe.
func TestShellInterruptIdle(t *testing.T) {
	t.Parallel()
	d, _ := withT(t, harness.Config{}, "a.db")
	r := shell{t: t, socket: d.Socket, dir: d.Dir}.begin("shell", "a.db", "--mode", "ndjson")
	if _, err := io.WriteString(r.stdin, "SELECT 1 AS a;\n"); err != nil {
		t.Fatal(err)
	}
	r.want(`{"a":1}`)
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	r.end(1)
}

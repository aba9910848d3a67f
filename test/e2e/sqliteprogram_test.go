package e2e

import (
	"fmt"
	"os/exec"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// The sqlite3 program reads while processes write: each time it sees a moment
// between two batches, and never an earlier one than before.
func TestSQLiteProgramReads(t *testing.T) {
	t.Parallel()
	program := harness.Installed(t, "sqlite3")
	const processes, batches = 4, 150
	d := harness.Start(t, harness.Config{})
	start := *d.Dial().OK(harness.Batch("a.db", createT, `CREATE TABLE u(client INTEGER, n INTEGER)`)).Rev
	writers := startWriters(t, processes, writerConfig{
		Socket: d.Socket, Dir: d.Dir, DB: "a.db", Tables: []string{"t", "u"}, Batches: batches,
	})
	var writing atomic.Bool
	writing.Store(true)
	looks := make(chan []moment)
	go func() { looks <- look(t, program, d.File("a.db"), &writing) }()
	for _, w := range writers {
		w.Tell("go")
	}
	collectRevs(t, writers)
	writing.Store(false)
	seen := <-looks
	last := moment{rev: start}
	for _, m := range seen {
		if m.t != m.u || m.rev != start+m.t || m.rev < last.rev {
			t.Errorf("after %+v sqlite3 sees %+v", last, m)
		}
		last = m
	}
	t.Logf("sqlite3 looked %d times", len(seen))
	if last.t != processes*batches {
		t.Errorf("at the end sqlite3 sees %+v, want %d rows", last, processes*batches)
	}
}

// moment is what sqlite3 sees.
type moment struct{ t, u, rev int64 }

// look looks with sqlite3 until the writing has ended, and once more.
func look(t *testing.T, program, file string, writing *atomic.Bool) (seen []moment) {
	for more := true; more; {
		more = writing.Load()
		got := finish(t, exec.CommandContext(patient(t), program, "-readonly", file,
			`SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM u), (SELECT rev FROM _skylinedb_state)`))
		var m moment
		if _, err := fmt.Sscanf(got.Out, "%d|%d|%d", &m.t, &m.u, &m.rev); err != nil || got.Status != 0 || got.Err != "" {
			t.Errorf("sqlite3 gives %+v", got)
			return seen
		}
		seen = append(seen, m)
	}
	return seen
}

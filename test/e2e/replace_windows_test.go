package e2e

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// A file is replaced again and again, while clients write to another database
// all the time. Windows lets nobody replace a file that is open, which shows
// that Close lets go of every handle, and that nothing before it does.
func TestReplaceUnderLoad(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db", "b.db")
	written := writeAside(t, d, "b.db")
	next := filepath.Join(d.Dir, "next.db")
	epoch := *c.OK(harness.Command(wire.TypePing, "a.db")).Epoch
	for round := range 10 {
		makeGenerationAt(t, next, round)
		wantProtected(t, next, d.File("a.db"))
		c.OK(harness.Command(wire.TypePrepareForMaintenance, "a.db"))
		wantProtected(t, next, d.File("a.db"))
		closed := c.OK(harness.With(harness.Command(wire.TypeCloseDatabase, "a.db"), "require_exclusive", true))
		if *closed.ReadersRemaining {
			t.Error("somebody has the file open")
		}
		wantGone(t, d.File("a.db-wal"))
		wantGone(t, d.File("a.db-shm"))
		if err := os.Rename(next, d.File("a.db")); err != nil {
			t.Fatalf("replace the closed file: %v", err)
		}
		reopened := c.OK(harness.Command(wire.TypeReopenDatabase, "a.db"))
		if *reopened.Epoch == epoch {
			t.Errorf("the new file has the old one's epoch %q", epoch)
		}
		epoch = *reopened.Epoch
		c.OK(harness.Batch("a.db", insertT(round, 1000)))
		wantCount(t, d, "a.db", round+2)
	}
	wantCount(t, d, "b.db", written())
}

// makeGenerationAt makes a database with as many rows as it is old, and one.
func makeGenerationAt(t *testing.T, file string, generation int) {
	t.Helper()
	maker := harness.Open(t, file, "rwc")
	defer maker.Close()
	maker.Exec(createT)
	for n := range generation + 1 {
		maker.Exec(insertT(generation, n))
	}
}

// wantProtected checks that the file to cannot be replaced.
func wantProtected(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); !ostest.InUse(err) {
		t.Fatalf("a file that is open was replaced: %v", err)
	}
}

// writeAside writes to a database until the function that it returns is called,
// which tells how many rows there are.
func writeAside(t *testing.T, d *harness.Daemon, db string) (written func() int) {
	t.Helper()
	var rows atomic.Int64
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for client := range 3 {
		c := d.Dial()
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				reply, err := c.Try(harness.Batch(db, insertT(client, n)))
				if err == nil {
					err = reply.Err()
				}
				if err != nil {
					t.Errorf("%s: %v", db, err)
					return
				}
				rows.Add(1)
			}
		})
	}
	end := sync.OnceFunc(func() { close(stop); wg.Wait() })
	t.Cleanup(end)
	return func() int {
		end()
		return int(rows.Load())
	}
}

// Where a reader has the file open, Close says so; require_exclusive leaves the
// database as it was, and once the reader has gone the file can be replaced.
func TestReplaceAfterReader(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	reader := harness.Open(t, d.File("a.db"), "ro")
	reader.Int(`SELECT count(*) FROM t`)
	exclusive := harness.With(harness.Command(wire.TypeCloseDatabase, "a.db"), "require_exclusive", true)
	c.Refused(exclusive, wire.CodeReadersRemain)
	wantState(t, c, "a.db", "open")
	if closed := c.OK(harness.Command(wire.TypeCloseDatabase, "a.db")); !*closed.ReadersRemaining {
		t.Error("Close does not see the reader")
	}
	next := filepath.Join(d.Dir, "next.db")
	makeGenerationAt(t, next, 4)
	wantProtected(t, next, d.File("a.db"))
	reader.Close()
	if err := os.Rename(next, d.File("a.db")); err != nil {
		t.Fatalf("replace the closed file: %v", err)
	}
	d.Crash() // the state outlives it
	d.Restart()
	c = d.Dial()
	c.Refused(harness.Batch("a.db", insertT(1, 1)), wire.CodeDatabaseClosed)
	c.OK(harness.Command(wire.TypeReopenDatabase, "a.db"))
	c.OK(harness.Batch("a.db", insertT(1, 1)))
	wantCount(t, d, "a.db", 6)
}

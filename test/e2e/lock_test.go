package e2e

import (
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// holdLock takes the write lock of a database past the daemon.
func holdLock(t *testing.T, d *harness.Daemon, db string) *harness.SQLite {
	t.Helper()
	holder := harness.Open(t, d.File(db), "rw")
	holder.Exec(`BEGIN IMMEDIATE`)
	return holder
}

// blocked sends batches to a database whose lock is held, each on a connection
// of its own, until they wait in its queue: the worker is at the first.
func blocked(t *testing.T, d *harness.Daemon, db string) []*harness.Conn {
	t.Helper()
	c := d.Dial()
	var waiting []*harness.Conn
	harness.Await(t, "batches wait for the lock", func() bool {
		waiting = append(waiting, d.Dial())
		if err := waiting[len(waiting)-1].Send(harness.Batch(db, insertT(1, len(waiting)))); err != nil {
			t.Fatal(err)
		}
		return c.Database(db).QueueDepth > 0
	})
	return waiting
}

// Batches wait for a process that holds the lock and then succeed; other
// databases do not wait.
func TestOutsideWriter(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db", "b.db")
	holder := holdLock(t, d, "a.db")
	waiting := blocked(t, d, "a.db")
	for n := range 20 {
		c.OK(harness.Batch("b.db", insertT(1, n)))
	}
	holder.Exec(insertT(0, 0) + `; COMMIT`)
	for _, w := range waiting {
		if err := w.Reply().Err(); err != nil {
			t.Error(err)
		}
	}
	wantCount(t, d, "a.db", len(waiting)+1)
}

// A batch with a time-out does not wait longer than that, whether the worker
// is at it or it is still in the queue; it leaves no trace.
func TestOutsideWriterTimeout(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	holder := holdLock(t, d, "a.db")
	timed := harness.With(harness.Batch("a.db", insertT(2, 1)), "timeout_ms", 100)
	if reply := c.Refused(timed, wire.CodeTimeout); !*reply.Retryable {
		t.Error("a time-out is not retryable")
	}
	waiting := blocked(t, d, "a.db")
	c.Refused(timed, wire.CodeTimeout)
	holder.Exec(`ROLLBACK`)
	for _, w := range waiting {
		if err := w.Reply().Err(); err != nil {
			t.Error(err)
		}
	}
	c.OK(harness.Batch("a.db", insertT(1, 0)))
	wantCount(t, d, "a.db", len(waiting)+1)
}

// A process that dies with the lock lets it go.
func TestOutsideWriterDies(t *testing.T) {
	t.Parallel()
	d, _ := withT(t, harness.Config{}, "a.db")
	holder := holdLock(t, d, "a.db")
	holder.Exec(insertT(0, 0))
	waiting := blocked(t, d, "a.db")
	holder.Kill()
	for _, w := range waiting {
		if err := w.Reply().Err(); err != nil {
			t.Error(err)
		}
	}
	wantCount(t, d, "a.db", len(waiting))
}

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// limitFiles leaves a daemon that has just started n file descriptors.
func limitFiles(t *testing.T, d *harness.Daemon, n uint64) {
	t.Helper()
	if err := unix.Prlimit(d.PID(), unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: n}, nil); err != nil {
		t.Fatal(err)
	}
}

// wantNoFiles checks what a client is told for whom no file could be opened.
func wantNoFiles(t *testing.T, reply *wire.Reply) {
	t.Helper()
	harness.WantCode(t, reply, wire.CodeIOError)
}

// noConnections is what the daemon's log says while it can accept no client.
const noConnections = "clients cannot connect and wait"

// usedUp opens connections, beside c, until the daemon has no file descriptors
// left, and returns those that it serves and those that wait to be.
func usedUp(t *testing.T, d *harness.Daemon, c *harness.Conn) (served, waiting []*harness.Conn) {
	t.Helper()
	harness.Await(t, "earlier connections are gone", func() bool { return c.Status().Connections == 1 })
	for range 80 {
		served = append(served, d.Dial())
	}
	harness.Await(t, "the daemon is without file descriptors", func() bool { return strings.Contains(d.Log(), noConnections) })
	n := c.Status().Connections - 1 // they are accepted in their order
	return served[:n], served[n:]
}

// Connections that use up the file descriptors keep others waiting and new
// databases closed. Those who are connected write on, the log stays short, and
// all goes on when connections have gone.
func TestConnectionsUseUpFiles(t *testing.T) {
	t.Parallel()
	began := time.Now()
	d, c := withT(t, harness.Config{}, "a.db", "b.db")
	limitFiles(t, d, 64)
	served, waiting := usedUp(t, d, c)
	t.Logf("%d connections are served, %d wait", len(served), len(waiting))
	for _, w := range waiting {
		if err := w.Send(harness.Batch("b.db", insertT(2, 1))); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 50 {
		c.OK(harness.Batch("a.db", insertT(1, n)))
		served[n%len(served)].OK(harness.Batch("b.db", insertT(1, n)))
		wantNoFiles(t, c.Ask(harness.Batch("new.db", createT)))
	}
	c.OK(harness.Command(wire.TypePing, "new.db"))
	wantCount(t, d, "b.db", 50)
	for _, s := range served {
		s.Close()
	}
	for _, w := range waiting {
		if err := w.Reply().Err(); err != nil {
			t.Error(err)
		}
	}
	c.OK(harness.Batch("new.db", createT))
	c.OK(harness.Command(wire.TypeCloseDatabase, "a.db"))
	wantCount(t, d, "b.db", 50+len(waiting))
	if lines, most := strings.Count(d.Log(), noConnections), 2+int(time.Since(began)/time.Second); lines > most {
		t.Errorf("the log has %d lines on clients that wait, want at most %d", lines, most)
	}
}

// A maintenance state that cannot be written down is not entered.
func TestMarkerWithoutFiles(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	limitFiles(t, d, 64)
	served, _ := usedUp(t, d, c)
	wantNoFiles(t, c.Ask(harness.Command(wire.TypePrepareForMaintenance, "a.db")))
	wantState(t, c, "a.db", "open")
	for _, s := range served {
		s.Close()
	}
	harness.Await(t, "the state can be written down", func() bool {
		reply := c.Ask(harness.Command(wire.TypePrepareForMaintenance, "a.db"))
		if reply.Err() != nil {
			wantNoFiles(t, reply)
		}
		return reply.Err() == nil
	})
	wantState(t, c, "a.db", "preparing")
	c.OK(harness.Command(wire.TypeReopenDatabase, "a.db"))
	c.OK(harness.Batch("a.db", insertT(1, 1)))
	wantCount(t, d, "a.db", 1)
}

// Databases that use up the file descriptors keep others closed, whichever of
// its files it is that one more cannot open, until one of them is closed.
func TestDatabasesUseUpFiles(t *testing.T) {
	t.Parallel()
	for _, limit := range []uint64{60, 61, 62, 63} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel()
			d := harness.Start(t, harness.Config{})
			c := d.Dial()
			limitFiles(t, d, limit)
			last, opened := "", 0
			for ; ; opened++ {
				last = fmt.Sprintf("%d.db", opened)
				if reply := c.Ask(harness.Batch(last, createT)); reply.Err() != nil {
					wantNoFiles(t, reply)
					break
				}
			}
			for n := range 10 { // nothing is kept of what failed
				wantNoFiles(t, c.Ask(harness.Batch(last, createT)))
				for i := range opened {
					c.OK(harness.Batch(fmt.Sprintf("%d.db", i), insertT(1, n)))
				}
			}
			for i := range opened {
				db := fmt.Sprintf("%d.db", i)
				c.OK(harness.Command(wire.TypeCloseDatabase, db))
				wantCount(t, d, db, 10)
			}
			c.OK(harness.Batch(last, createT))
			c.OK(harness.Batch(last, insertT(1, 1)))
		})
	}
}

// A daemon without file descriptors ends as well as any.
func TestShutdownWithoutFiles(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db", "b.db")
	limitFiles(t, d, 64)
	usedUp(t, d, c)
	c.OK(harness.Batch("a.db", insertT(1, 1)))
	c.OK(harness.Command(wire.TypeShutdown, ""))
	d.WantExit(0)
	for _, db := range []string{"a.db", "b.db"} {
		wantCleanEnd(t, d, db)
	}
	wantCount(t, d, "a.db", 1)
}

package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// A database in maintenance stays so over the worker's idle end, a kill, and a
// restart, until someone reopens it.
func TestMaintenanceOutlivesDaemon(t *testing.T) {
	t.Parallel()
	for state, code := range map[string]wire.Code{"preparing": wire.CodeDatabasePreparing, "closed": wire.CodeDatabaseClosed} {
		t.Run(state, func(t *testing.T) {
			d, c := withT(t, harness.Config{Flags: []string{"--worker-idle=1ms"}}, "a.db")
			enter := wire.TypePrepareForMaintenance
			if state == "closed" {
				enter = wire.TypeCloseDatabase
			}
			entered := c.OK(harness.Command(wire.TypePing, "a.db"))
			c.OK(harness.Command(enter, "a.db"))
			content := readFile(t, d.File("a.db"))
			stays := func() { t.Helper(); wantStays(t, d, state, enter, code) }
			stays()
			stays()
			d.Crash()
			d.Restart()
			stays()
			d.Shutdown()
			d.Restart()
			stays()
			if readFile(t, d.File("a.db")) != content {
				t.Error("the file has changed meanwhile")
			}
			c = d.Dial()
			reopened := c.OK(harness.Command(wire.TypeReopenDatabase, "a.db"))
			if *reopened.Rev != *entered.Rev || *reopened.Epoch != *entered.Epoch {
				t.Errorf("got rev %d of epoch %s, want %d of %s", *reopened.Rev, *reopened.Epoch, *entered.Rev, *entered.Epoch)
			}
			if readFile(t, d.File("a.db")) != content {
				t.Error("reopening has changed the file")
			}
			c.OK(harness.Batch("a.db", insertT(1, 1)))
		})
	}
}

// wantStays checks that a.db is in a maintenance state, which enter asks for
// and code tells, that b.db is not, and that the workers of both end.
func wantStays(t *testing.T, d *harness.Daemon, state string, enter wire.Type, code wire.Code) {
	t.Helper()
	c := d.Dial()
	wantState(t, c, "a.db", state)
	reply := c.Refused(harness.Batch("a.db", insertT(1, 1)), code)
	if state == "closed" && !strings.Contains(reply.Message, "Database is closed for maintenance") {
		t.Errorf("the message is %q", reply.Message)
	}
	if !c.OK(harness.Command(enter, "a.db")).Already {
		t.Error("to enter the state again is not told as such")
	}
	c.OK(harness.Batch("b.db", `CREATE TABLE IF NOT EXISTS t(x)`))
	harness.Await(t, "the workers end", func() bool { return c.Status().Workers == 0 })
}

// The maintenance of one database does not concern the others, under load and
// over a whole cycle with a replaced file.
func TestMaintenanceOfOneDatabase(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db", "b.db")
	l := startLoad(t, d, "b.db", 2)
	for cycle := range 5 {
		c.OK(harness.Batch("a.db", insertT(1, cycle)))
		before := l.count.Load()
		c.OK(harness.Command(wire.TypePrepareForMaintenance, "a.db"))
		l.await(before + 50)
		c.OK(harness.Command(wire.TypeCloseDatabase, "a.db"))
		before = l.count.Load()
		l.await(before + 50)
		content := readFile(t, d.File("a.db"))
		if err := os.Remove(d.File("a.db")); err != nil {
			t.Fatal(err)
		}
		writeFile(t, d.File("a.db"), content)
		l.await(l.count.Load() + 50)
		c.OK(harness.Command(wire.TypeReopenDatabase, "a.db"))
	}
	wantCount(t, d, "a.db", 5)
	d.Shutdown()
	l.check(d.File("b.db"))
}

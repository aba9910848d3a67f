//go:build unix

package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// SIGTERM under load means what Shutdown means.
func TestSigtermUnderLoad(t *testing.T) {
	t.Parallel()
	endUnderLoad(t, 4, 300, (*harness.Daemon).Terminate)
}

// The end of the terminal is the clean end of the daemon that was started there.
func TestSighup(t *testing.T) {
	t.Parallel()
	endUnderLoad(t, 2, 100, (*harness.Daemon).LoseTerminal)
}

// endUnderLoad ends a daemon after its clients had so many batches
// acknowledged, and wants every one of these in the file.
func endUnderLoad(t *testing.T, clients int, batches int64, end func(*harness.Daemon)) {
	t.Helper()
	d, _ := withT(t, harness.Config{}, "a.db")
	l := startLoad(t, d, "a.db", clients)
	l.await(batches)
	end(d)
	d.WantExit(0)
	wantCleanEnd(t, d, "a.db")
	l.check(d.File("a.db"))
}

// Whoever reads the daemon's log may go. The daemon writes on, to nobody, and
// serves.
func TestLogWithoutReader(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	d := harness.Start(t, harness.Config{Flags: []string{"--log-level=debug"}, Stdout: w})
	w.Close()
	r.Close()
	c := d.Dial()
	for _, db := range []string{"a.db", "b.db"} { // each is logged when it is opened
		c.OK(harness.Batch(db, createT))
		c.OK(harness.Batch(db, insertT(1, 1)))
		wantCount(t, d, db, 1)
	}
	d.Shutdown()
	wantCleanEnd(t, d, "b.db")
}

// A second signal ends the daemon at once, whatever it waits for; nothing that
// was acknowledged is lost.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	for n := range 10 {
		c.OK(harness.Batch("a.db", insertT(1, n)))
	}
	holder := holdLock(t, d, "a.db")
	blocked(t, d, "a.db")
	d.Terminate()
	harness.Await(t, "the signal has come", func() bool { return strings.Contains(d.Log(), "signal: ending") })
	d.Terminate()
	d.WantExit(1)
	holder.Exec(`ROLLBACK`)
	d.Restart()
	d.Dial().OK(harness.Command(wire.TypePing, "a.db"))
	wantCount(t, d, "a.db", 10)
}

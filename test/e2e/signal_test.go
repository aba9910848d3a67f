//go:build unix

package e2e

import (
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// SIGTERM under load means what Shutdown means.
func TestSigtermUnderLoad(t *testing.T) {
	t.Parallel()
	d, _ := withT(t, harness.Config{}, "a.db")
	l := startLoad(t, d, "a.db", 4)
	l.await(300)
	d.Terminate()
	d.WantExit(0)
	wantCleanEnd(t, d, "a.db")
	l.check(d.File("a.db"))
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

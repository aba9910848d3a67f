package e2e

import (
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// Clients that do nothing do not keep others out: there is always one more
// instance of the pipe.
func TestManyIdleClients(t *testing.T) {
	t.Parallel()
	d, _ := withT(t, harness.Config{}, "a.db")
	const idle = 300 // a pipe with a number of instances has 254 at the most
	for range idle {
		d.Dial()
	}
	c := d.Dial()
	c.OK(harness.Batch("a.db", insertT(1, 1)))
	if n := c.Status().Connections; n < idle {
		t.Errorf("the daemon has %d connections, want more than %d", n, idle)
	}
}

// What is no pipe is refused with a sentence, by the daemon and by clients.
func TestPipePath(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"s", `C:\s`, `\\.\pipe\`, `\\server\pipe\x`, `\\.\pipe\` + strings.Repeat("x", 260)} {
		status, says := harness.RunToEnd(t, harness.Config{Socket: path})
		if status != 1 || !strings.Contains(says, "the pipe's path") || !strings.Contains(says, path) {
			t.Errorf("%s: status %d and %q, want 1 and a sentence", path, status, says)
		}
	}
}

// Two spellings of a pipe's name are one pipe, with one daemon.
func TestSecondDaemonOnOnePipe(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	for _, pipe := range []string{d.Socket, strings.ToUpper(d.Socket)} {
		status, says := harness.RunToEnd(t, harness.Config{Socket: pipe})
		if status != 1 || !strings.Contains(says, "another daemon instance is already running") {
			t.Errorf("a second daemon on %s: status %d and %q", pipe, status, says)
		}
	}
	c.OK(harness.Batch("a.db", insertT(1, 1)))
	d.Crash() // nothing is left that would keep the next from starting
	d.Restart()
	d.Dial().OK(harness.Command(wire.TypePing, "a.db"))
	wantCount(t, d, "a.db", 1)
}

//go:build unix

package e2e

import (
	"syscall"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// maxConns is the number of connections that the daemon serves.
const maxConns = 4096

// A client too many is told so; the others go on, and as soon as one of them
// leaves the next is served.
func TestConnectionBound(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < 2*maxConns {
		t.Skipf("a process may open %d files here (%v), which is less than the test needs", limit.Cur, err)
	}
	d, c := withT(t, harness.Config{}, "a.db")
	conns := []*harness.Conn{c}
	for len(conns) < maxConns {
		conns = append(conns, d.Dial())
	}
	harness.Await(t, "all are connected", func() bool { return c.Status().Connections == maxConns })
	for range 3 {
		excess := d.Dial()
		harness.WantCode(t, excess.Reply(), wire.CodeQueueFull)
		excess.WantEnd()
	}
	for _, c := range conns[maxConns-10:] {
		c.OK(harness.Batch("a.db", insertT(1, 1)))
		c.Close()
	}
	harness.Await(t, "there is room again", func() bool { return c.Status().Connections < maxConns })
	d.Dial().OK(harness.Batch("a.db", insertT(1, 2)))
	wantCount(t, d, "a.db", 11)
}

package e2e

import (
	"os"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// Neither Ping nor a maintenance command makes a file.
func TestNothingIsMadeByAsking(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	c := d.Dial()
	for range 2 {
		reply := c.OK(harness.Command(wire.TypePing, "a.db"))
		if *reply.Rev != 0 || reply.State != "open" || reply.DBPath != d.File("a.db") {
			t.Errorf("Ping of a missing file says %+v", reply)
		}
		c.OK(harness.Command(wire.TypeStatus, ""))
		for _, typ := range []wire.Type{wire.TypePrepareForMaintenance, wire.TypeCloseDatabase, wire.TypePing, wire.TypeReopenDatabase} {
			c.OK(harness.Command(typ, "a.db"))
			wantGone(t, d.File("a.db"))
		}
	}
	if entries, err := os.ReadDir(d.Dir); err != nil || len(entries) != 0 {
		t.Errorf("the directory has %v, %v, want nothing", entries, err)
	}
}

// Ping and Status do not count as use: however often they come, on a
// connection that stays open, the worker and then the daemon end.
func TestAskingKeepsNothingAlive(t *testing.T) {
	t.Parallel()
	o := harness.Autostart(t, "--worker-idle=20ms", "--router-idle=200ms")
	c := dialStarted(t, o, "a.db")
	bodies := []string{
		harness.Command(wire.TypePing, ""), harness.Command(wire.TypePing, "a.db"),
		harness.Command(wire.TypePing, "none.db"), harness.Command(wire.TypeStatus, ""),
	}
	asked := 0
	for alive := true; alive; {
		for _, body := range bodies {
			reply, err := c.Try(body)
			if err == nil && reply.Err() != nil {
				harness.WantCode(t, reply, wire.CodeShuttingDown)
			}
			alive = alive && err == nil
			asked++
		}
	}
	t.Logf("asked %d times until the daemon ended", asked)
	wantIdleEnd(t, o, "a.db")
}

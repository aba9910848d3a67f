package worker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/internal/sqlite/faultvfs"
	"github.com/skylinedb/skylinedb/wire"
)

// The folder cannot be synced when the marker is in place, or gone: the state
// is not told before it can be, by this daemon or the next, and then holds
// through a power failure.
func TestStateAfterFolderSyncFailed(t *testing.T) {
	commands := []struct {
		typ   wire.Type
		state string
	}{
		{wire.TypePrepareForMaintenance, "preparing 1"},
		{wire.TypeCloseDatabase, "closed 1"},
		{wire.TypeReopenDatabase, "open 1"},
	}
	for n := range 2 * len(commands) {
		i, another := n/2, n%2 == 1
		c := commands[i]
		t.Run(fmt.Sprint(c.typ, " another ", another), func(t *testing.T) {
			h := newHarness(t)
			disk := h.onFailingDisk()
			h.ok(batchOf(`CREATE TABLE t(a)`))
			for _, before := range commands[:i] {
				h.ok(&wire.Request{Type: before.typ})
			}
			disk.Fail(func(op faultvfs.Op) error {
				if op.Kind == faultvfs.SyncDir {
					return faultvfs.EIO
				}
				return nil
			})
			for range 2 {
				h.fails(&wire.Request{Type: c.typ}, wire.CodeIOError)
			}
			if another {
				h.forget()
			}
			disk.Fail(nil)
			h.ok(&wire.Request{Type: c.typ})
			disk.CutPower()
			h.forget()
			if err := disk.Restore(rand.New(rand.NewPCG(1, 1)), faultvfs.LoseAll); err != nil {
				t.Fatal(err)
			}
			if got := h.state(); got != c.state {
				t.Errorf("after the power failure %q, want %q", got, c.state)
			}
		})
	}
}

// The marker could not be removed, and then not be read, when the file was open
// again already: the daemon lets go of it before it says that it is closed.
func TestClosedAfterReopenFailedTwice(t *testing.T) {
	h := newHarness(t)
	disk := h.onFailingDisk()
	h.ok(batchOf(`CREATE TABLE t(a)`))
	h.ok(&wire.Request{Type: wire.TypeCloseDatabase})
	disk.Fail(func(op faultvfs.Op) error {
		if op.Kind == faultvfs.SyncDir || op.Kind == faultvfs.Remove {
			return faultvfs.EIO
		}
		return nil
	})
	h.fails(&wire.Request{Type: wire.TypeReopenDatabase}, wire.CodeIOError)
	disk.Fail(nil)
	if reply := h.ok(&wire.Request{Type: wire.TypeCloseDatabase}); *reply.ReadersRemaining {
		t.Error("readers remain, and there are none but the daemon")
	}
	if got := h.sideFiles(); !slices.Equal(got, []string{"-skylinedb"}) {
		t.Errorf("beside the closed file: %q, want the marker alone", got)
	}
}

// A batch that was executed without a sync is told again where a sync is asked
// for: it must survive a power failure from then on.
func TestReplayIsDurable(t *testing.T) {
	for _, byDefault := range []bool{false, true} {
		h := newHarness(t)
		disk := h.onFailingDisk()
		first, again := withID("x", batchOf(`INSERT INTO t VALUES(1)`)), withID("x", batchOf(`INSERT INTO t VALUES(1)`))
		create := batchOf(`CREATE TABLE t(a)`)
		create.Sync = wire.SyncFull
		h.ok(create)
		h.ok(first)
		if byDefault {
			h.stop()
			h.cfg.Synchronous = sqlite.SyncFull
		} else {
			again.Sync = wire.SyncFull
		}
		if reply := h.ok(again); !reply.Replayed {
			t.Fatalf("the batch was executed again: %+v", reply)
		}
		disk.CutPower()
		h.forget()
		if err := disk.Restore(rand.New(rand.NewPCG(1, 1)), faultvfs.LoseAll); err != nil {
			t.Fatal(err)
		}
		h.wantQuery(`SELECT a FROM t`, "1")
	}
}

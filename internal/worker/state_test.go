package worker

import (
	"math/rand/v2"
	"testing"

	"github.com/skylinedb/skylinedb/internal/sqlite/faultvfs"
	"github.com/skylinedb/skylinedb/wire"
)

// The folder cannot be synced when the marker is in place, or gone: the state
// is not told before it can be, and then holds through a power failure.
func TestStateAfterFolderSyncFailed(t *testing.T) {
	commands := []struct {
		typ   wire.Type
		state string
	}{
		{wire.TypePrepareForMaintenance, "preparing 1"},
		{wire.TypeCloseDatabase, "closed 1"},
		{wire.TypeReopenDatabase, "open 1"},
	}
	for i, c := range commands {
		t.Run(string(c.typ), func(t *testing.T) {
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

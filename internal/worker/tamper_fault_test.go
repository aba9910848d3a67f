//go:build unix

package worker

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/internal/sqlite/faultvfs"
	"github.com/skylinedb/skylinedb/wire"
)

// The index is cut off while SQLite is at work: memory that is mapped is not
// there any more. The fault is contained, what the clients are told is true,
// and the log, which is whole, is all that the next connection needs.
func TestIndexCutOffAtWork(t *testing.T) {
	for _, tt := range []struct {
		kind   faultvfs.Kind
		suffix string
	}{
		{faultvfs.Write, "-wal"}, {faultvfs.Sync, "-wal"}, {faultvfs.Truncate, "-wal"},
		{faultvfs.Write, ""}, {faultvfs.Sync, ""},
	} {
		t.Run(name(tt.kind, tt.suffix), func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			disk := h.onFailingDisk()
			var log logged
			h.cfg.checkpointPages, h.cfg.Log = 1, slog.New(slog.NewTextHandler(&log, nil))
			h.ok(batchOf(`CREATE TABLE t(a UNIQUE)`))
			cut := false
			disk.Fail(func(op faultvfs.Op) error {
				if !cut && op.Kind == tt.kind && op.Path == h.file+tt.suffix {
					cut = true
					return os.Truncate(h.file+"-shm", 0)
				}
				return nil
			})
			var replies []*wire.Reply
			for i := range 4 {
				replies = append(replies, h.do(numbered(i)))
				h.do(&wire.Request{Type: wire.TypePing}) // answered when the checkpoint is over
			}
			h.stop() // with a checkpoint that cuts the log off
			disk.Fail(nil)
			if !cut || !strings.Contains(log.String(), "fault inside SQLite") {
				t.Errorf("cut off: %v; there was no fault:\n%s", cut, log.String())
			}
			h.wantTruth(replies)
		})
	}
}

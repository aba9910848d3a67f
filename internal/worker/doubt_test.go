package worker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/internal/sqlite/faultvfs"
	"github.com/skylinedb/skylinedb/wire"
)

// The sync of a log fails when the frames of a commit are in it: whether they
// count is found out, and each batch is told the truth.
func TestCommitWhoseSyncFails(t *testing.T) {
	for _, batches := range []int{1, 4} {
		for _, fresh := range []bool{false, true} { // a fresh log has a header to sync
			for _, syncs := range []int{1, 2, 3, 5, 50} {
				t.Run(fmt.Sprintf("%d batches, fresh log %v, %d syncs", batches, fresh, syncs), func(t *testing.T) {
					faults := faultvfs.Register(t)
					h := newHarness(t)
					h.cfg.vfs, h.cfg.Synchronous = faults.Name(), sqlite.SyncFull
					h.ok(batchOf(`CREATE TABLE t(a)`))
					if fresh {
						h.stop()
					}
					h.commitWith(faults, batches, syncs)
				})
			}
		}
	}
}

// numbered is the batch that puts i into t.
func numbered(i int) *wire.Request {
	return withID(fmt.Sprint(i), batchOf(fmt.Sprintf(`INSERT INTO t VALUES(%d)`, i)))
}

// commitWith commits so many batches while syncs of the log fail, and checks
// what each was told.
func (h *harness) commitWith(faults *faultvfs.VFS, batches, syncs int) {
	h.t.Helper()
	var calls []*Call
	first := NewCall(numbered(0), 100, h.now())
	faults.FailLogSyncs(syncs)
	calls = append(calls, h.submitCall(first))
	for i := 1; i < batches; i++ {
		calls = append(calls, h.submit(numbered(i)))
	}
	var replies []*wire.Reply
	for _, c := range calls {
		replies = append(replies, h.reply(c))
	}
	if faults.LogSyncsLeft() == syncs {
		h.t.Fatal("no sync has failed")
	}
	faults.FailLogSyncs(0)
	for i, r := range replies {
		h.wantTruth(i, r)
	}
}

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
		for skip := range 3 { // a fresh log has its header synced, too
			for _, syncs := range []int{1, 2, 3, 4, 5, 50} {
				t.Run(fmt.Sprintf("%d batches, %d syncs after %d", batches, syncs, skip), func(t *testing.T) {
					h := newHarness(t)
					disk := h.onFailingDisk()
					h.cfg.Synchronous = sqlite.SyncFull
					h.ok(batchOf(`CREATE TABLE t(a)`))
					release := h.hold()
					plan := &logSyncs{skip: skip, fail: syncs}
					disk.Fail(plan.decide)
					// One by itself, which makes a log, and a group.
					calls := []*Call{h.submit(numbered(0))}
					h.submit(&wire.Request{Type: wire.TypePing})
					for i := range batches {
						calls = append(calls, h.submit(numbered(i+1)))
					}
					release()
					var replies []*wire.Reply
					for _, c := range calls {
						replies = append(replies, h.reply(c))
					}
					disk.Fail(nil)
					if plan.fail == syncs {
						t.Error("no sync has failed")
					}
					h.wantTruth(replies)
				})
			}
		}
	}
}

// logSyncs is a plan that fails so many syncs of logs after so many.
type logSyncs struct{ skip, fail int }

func (p *logSyncs) decide(op faultvfs.Op) error {
	if op.Kind != faultvfs.Sync || !op.OnLog() {
		return nil
	}
	if p.skip > 0 {
		p.skip--
		return nil
	}
	if p.fail == 0 {
		return nil
	}
	p.fail--
	return faultvfs.EIO
}

// numbered is the batch that puts i into t.
func numbered(i int) *wire.Request {
	return withID(fmt.Sprint(i), batchOf(fmt.Sprintf(`INSERT INTO t VALUES(%d)`, i)))
}

// wantTruth checks what the numbered batches were told: success is in the file
// once, failure is not, and doubt ends when they are asked for again.
func (h *harness) wantTruth(replies []*wire.Reply) {
	h.t.Helper()
	for i, r := range replies {
		want := "0"
		if r.Status == "ok" {
			want = "1"
		}
		if !strings.Contains(r.Message, "it cannot be told yet") {
			h.wantQuery(fmt.Sprintf(`SELECT count(*) FROM t WHERE a = %d`, i), want)
		}
		h.t.Logf("batch %d: %s %s", i, show(r), r.Message)
	}
	for i := range replies {
		h.ok(numbered(i))
		h.wantQuery(fmt.Sprintf(`SELECT count(*) FROM t WHERE a = %d`, i), "1")
	}
	want := fmt.Sprint(1 + len(replies))
	h.wantQuery(`SELECT rev FROM _skylinedb_state`, want)
	if got := h.state(); got != "open "+want {
		h.t.Errorf("state %q, want open %s", got, want)
	}
	h.wantQuery(`PRAGMA integrity_check`, "ok")
}

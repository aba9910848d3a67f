//go:build unix

package worker

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/sqlite/faultvfs"
	"github.com/skylinedb/skylinedb/wire"
)

// The log is cut off while a commit goes into it, and a checkpoint is due then.
// What is missing is not moved into the file as zeros.
func TestLogCutOffBeforeACheckpoint(t *testing.T) {
	v := newVictim(t, false)
	v.stop()
	disk := v.onFailingDisk()
	v.cfg.checkpointPages = 1
	v.ok(batchOf(`SELECT 1`))
	reader := openReader(t, v.file) // so that the log goes on
	reader.hold()
	v.ok(batchOf(`INSERT INTO t VALUES('lost')`))
	file := v.read("")
	disk.Fail(func(op faultvfs.Op) error {
		if op.Kind == faultvfs.Write && op.OnLog() {
			return os.Truncate(op.Path, 0)
		}
		return nil
	})
	v.do(batchOf(`INSERT INTO t VALUES('lost as well')`))
	v.stop()
	disk.Fail(nil)
	v.noticed(dbfile.LogDamaged)
	if !bytes.Equal(v.read(""), file) {
		t.Error("the file has changed")
	}
	reader.close()
	v.fails(numbered(victimRows), wire.CodeStaleWAL) // it has something, behind a hole
	v.remove("-wal")
	v.ok(numbered(victimRows))
	v.wantOther("5,0,1,2,3,4")
}

// What was done is noticed when the log is to be emptied because it is quiet,
// and no batch comes.
func TestTamperedWithWhenQuiet(t *testing.T) {
	for name, do := range map[string]func(v *victim){
		"file overwritten": func(v *victim) { v.write("", v.past) },
		"log cut off":      func(v *victim) { v.truncate("-wal", 5000) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVictim(t, true)
			v.stop() // which empties the log
			v.cfg.logStays = 0
			v.ok(batchOf(`INSERT INTO t VALUES('in the log')`))
			do(v)
			file := v.read("")
			v.eventually("the worker notices it", func() bool { return strings.Contains(v.log.String(), "tampered") })
			v.stop()
			if !bytes.Equal(v.read(""), file) {
				t.Error("the file has changed")
			}
		})
	}
}

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

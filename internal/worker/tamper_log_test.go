//go:build unix

package worker

import (
	"bytes"
	"testing"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/wire"
)

// passive moves what it can of the log into the file, as another process, and
// returns what SQLite says of that.
func (v *victim) passive() string {
	v.t.Helper()
	o := v.outside()
	defer o.close()
	return o.query(`PRAGMA wal_checkpoint(PASSIVE)`)
}

// A log that was cut off has lost batches, unless they are in the file. What
// is left is used, and the loss is told.
func TestLogCutOff(t *testing.T) {
	cut := func(size func(v *victim) int64) func(v *victim) {
		return func(v *victim) { v.truncate("-wal", size(v)) }
	}
	tests := []struct {
		name string
		do   func(v *victim)
		left int // rows
	}{
		{"wholly", cut(func(*victim) int64 { return 0 }), 2},
		{"after its header", cut(func(*victim) int64 { return 32 }), 2},
		{"after three rows", cut(func(v *victim) int64 { return v.sizes[2] }), 3},
		{"in the fourth row", cut(func(v *victim) int64 { return v.sizes[3] - 1 }), 3},
		{"before its last byte", cut(func(v *victim) int64 { return v.sizes[4] - 1 }), 4},
		{"and grown again", func(v *victim) {
			v.truncate("-wal", v.sizes[3])
			v.truncate("-wal", v.sizes[4])
		}, 4},
		{"when it was in the file", func(v *victim) {
			v.passive()
			v.truncate("-wal", 0)
		}, victimRows},
	}
	for _, tt := range tests {
		for _, end := range []bool{false, true} {
			t.Run(name(tt.name, "at the end", end), func(t *testing.T) {
				t.Parallel()
				v := newVictim(t, true)
				tt.do(v)
				if end {
					v.stop()
				}
				v.wantHealed(tt.left)
				v.noticed(dbfile.LogDamaged)
			})
			t.Run(name(tt.name, "at the end", end, "beside a reader"), func(t *testing.T) {
				t.Parallel()
				v := newVictim(t, true)
				reader := openReader(t, v.file)
				reader.query(`SELECT count(*) FROM t`)
				tt.do(v)
				if end {
					v.stop()
				}
				v.wantBlocked()
				v.wantBlocked()
				reader.close()
				v.wantHealed(tt.left)
			})
		}
	}
}

// A log without content has nothing to lose.
func TestEmptyLogCutOff(t *testing.T) {
	v := newVictim(t, false)
	v.truncate("-wal", 0)
	v.wantHealed(victimRows)
}

// What is left of the log, or has taken its place, would put older pages or
// another database's before those of the file.
func TestLogThatWouldShadowTheFile(t *testing.T) {
	for what, do := range map[string]func(v *victim){
		"cut off, with newer pages in the file": func(v *victim) {
			v.passive()
			v.truncate("-wal", v.sizes[2])
		},
		"another database's": func(v *victim) {
			v.passive()
			v.write("-wal", makeLog(v.t))
		},
		"noise": func(v *victim) {
			v.passive()
			v.write("-wal", noise(int(v.sizes[4])))
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			v := newVictim(t, true)
			do(v)
			file, log := v.read(""), v.read("-wal")
			for range 2 {
				v.fails(numbered(victimRows), wire.CodeStaleWAL)
				v.stop()
			}
			v.noticed(dbfile.LogDamaged)
			if !bytes.Equal(v.read(""), file) || !bytes.Equal(v.read("-wal"), log) {
				t.Error("file or log has changed")
			}
			v.remove("-wal")
			v.wantHealed(victimRows) // all of it was in the file
		})
	}
}

// A file that has parts of commits, the others of which were in a log that is
// gone, may pass every check and is wrong. Who says so opens it all the same.
func TestLogLostWhenHalfOfItIsInTheFile(t *testing.T) {
	v := newVictim(t, true)
	v.truncateHalfMoved()
	for range 2 {
		v.fails(numbered(victimRows), wire.CodeNotADatabase)
		v.stop()
	}
	v.wantOutcome(closeDB, "closed ok")
	v.fails(numbered(victimRows), wire.CodeDatabaseClosed)
	v.wantOutcome(reopen, "reopened ok")
	if got := v.harness.epoch(); got == v.epoch {
		t.Error("the epoch is still the same")
	}
	v.ok(batchOf(`CREATE TABLE u(a)`))
	v.stop()
	v.ok(batchOf(`DROP TABLE u`)) // it is settled
}

// As before, and a good file is put there.
func TestGoodFileInsteadOfATornOne(t *testing.T) {
	v := newVictim(t, false)
	good := v.read("")
	v.ok(batchOf(`INSERT INTO t VALUES('one')`))
	v.truncateHalfMoved()
	v.fails(numbered(victimRows), wire.CodeNotADatabase)
	v.wantOutcome(closeDB, "closed ok")
	v.write("", good)
	v.wantOutcome(reopen, "reopened ok")
	v.ok(numbered(victimRows))
	v.wantQuery(`SELECT group_concat(a) FROM (SELECT a FROM t ORDER BY a)`, "0,1,2,3,4,5")
}

// truncateHalfMoved cuts the log off when a part of it is in the file, which a
// reader has kept from going on.
func (v *victim) truncateHalfMoved() {
	v.t.Helper()
	reader := openReader(v.t, v.file)
	reader.hold()
	v.ok(batchOf(`INSERT INTO t VALUES('later')`))
	v.passive()
	v.truncate("-wal", 0)
	v.wantBlocked()
	reader.close()
}

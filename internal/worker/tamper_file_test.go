//go:build unix

package worker

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/wire"
)

// overwriting is what is done to the file itself.
type overwriting struct {
	name string
	do   func(v *victim)
	// What a batch that inserts a row gets, and the rows that are there then.
	code wire.Code
	rows string
}

func overwritings(t *testing.T) []overwriting {
	t.Helper()
	other := newHarness(t)
	other.ok(batchOf(`CREATE TABLE t(a)`, `INSERT INTO t VALUES('other')`))
	other.stop()
	content, err := os.ReadFile(other.file)
	if err != nil {
		t.Fatal(err)
	}
	return []overwriting{
		{"noise", func(v *victim) { v.write("", noise(len(v.read("")))) }, wire.CodeNotADatabase, ""},
		{"text", func(v *victim) { v.write("", []byte("no database")) }, wire.CodeNotADatabase, ""},
		{"cut off", func(v *victim) { v.truncate("", 8192) }, wire.CodeNotADatabase, ""},
		{"cut off in page 1", func(v *victim) { v.truncate("", 1000) }, wire.CodeNotADatabase, ""},
		{"emptied", func(v *victim) { v.truncate("", 0) }, wire.CodeSQLError, ""},
		{"another database", func(v *victim) { v.write("", content) }, "", "5,other"},
		{"its own past", func(v *victim) { v.write("", v.past) }, "", "5,0"},
	}
}

// The batches that the worker acknowledged are not mixed into content that
// somebody has put into the open file, and the new content is another epoch.
func TestFileOverwritten(t *testing.T) {
	for _, tt := range overwritings(t) {
		for _, end := range []bool{false, true} {
			t.Run(name(tt.name, "at the end", end), func(t *testing.T) {
				t.Parallel()
				v := newVictim(t, false)
				tt.do(v)
				before := v.read("")
				if end {
					v.stop()
				}
				for range 2 {
					if got := v.do(numbered(victimRows)); got.Code != tt.code {
						t.Fatalf("%s, want %q\n%s", show(got), tt.code, v.log.String())
					}
					v.stop()
					if tt.code != "" {
						break
					}
				}
				v.noticed(dbfile.FileOverwritten)
				if tt.code == "" {
					v.wantOther(tt.rows)
					return
				}
				if tt.code == wire.CodeNotADatabase && !bytes.Equal(v.read(""), before) {
					t.Error("the file has changed")
				}
				v.wantHealedByAGoodFile()
			})
		}
	}
}

// wantOther checks that the database is another one, with those rows.
func (v *victim) wantOther(rows string) {
	v.t.Helper()
	v.wantQuery(`SELECT group_concat(a) FROM (SELECT a FROM t ORDER BY a = 5 DESC, a)`, rows)
	v.wantQuery(`PRAGMA integrity_check`, "ok")
	if got := v.harness.epoch(); got == v.epoch {
		v.t.Error("the epoch is still the same")
	}
}

// wantHealedByAGoodFile puts one there in the usual way.
func (v *victim) wantHealedByAGoodFile() {
	v.t.Helper()
	v.wantOutcome(closeDB, "closed ok")
	v.write("", v.past)
	v.wantOutcome(reopen, "reopened ok")
	v.ok(numbered(victimRows))
	v.wantOther("5,0")
}

// As before while the log holds batches that the file does not: they belong to
// what was there, and stay in the log.
func TestFileOverwrittenBesideALog(t *testing.T) {
	for _, tt := range overwritings(t) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := newVictim(t, true)
			old := v.read("")
			tt.do(v)
			file, log := v.read(""), v.read("-wal")
			for range 2 {
				v.fails(numbered(victimRows), wire.CodeStaleWAL)
				v.stop()
			}
			v.noticed(dbfile.FileOverwritten)
			if !bytes.Equal(v.read(""), file) || !bytes.Equal(v.read("-wal"), log) {
				t.Error("file or log has changed")
			}
			// What was there can be brought together again by hand.
			saved := newHarness(t)
			for suffix, content := range map[string][]byte{"": old, "-wal": log} {
				if err := os.WriteFile(saved.file+suffix, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			o := saved.outside()
			if got := o.query(`SELECT group_concat(a) FROM (SELECT a FROM t ORDER BY a)`); got != "0,1,2,3,4" {
				t.Errorf("file and log have %s", got)
			}
			v.remove("-wal")
			v.wantHealedByAGoodFile()
		})
	}
}

// Who has the overwritten file open has pages of the old content and an index
// of it: nobody may write before he lets go.
func TestFileOverwrittenBesideAReader(t *testing.T) {
	v := newVictim(t, false)
	reader := openReader(t, v.file)
	reader.query(`SELECT count(*) FROM t`)
	v.write("", v.past)
	v.wantBlocked()
	v.stop()
	v.wantBlocked()
	reader.close()
	v.ok(numbered(victimRows))
	v.wantOther("5,0")
}

// A file whose time was set is the same file.
func TestFileTouched(t *testing.T) {
	for _, inLog := range []bool{true, false} {
		v := newVictim(t, inLog)
		for _, at := range []time.Time{time.Now(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)} {
			if err := os.Chtimes(v.file, at, at); err != nil {
				t.Fatal(err)
			}
			v.ok(batchOf(`SELECT 1`))
		}
		v.wantHealed(victimRows)
		v.wantUntold()
	}
}

// A file that was removed takes with it what it held, and not more; the next
// batch makes a new one.
func TestFileRemoved(t *testing.T) {
	for _, inLog := range []bool{true, false} {
		for _, all := range []bool{true, false} {
			for _, reader := range []bool{true, false} {
				t.Run(name("rows in the log", inLog, "side files as well", all, "reader", reader), func(t *testing.T) {
					t.Parallel()
					v := newVictim(t, inLog)
					var o *outside
					if reader {
						o = openReader(t, v.file)
						o.query(`SELECT count(*) FROM t`)
					}
					v.remove("")
					if all {
						v.remove("-wal", "-shm")
					}
					v.ok(batchOf(`CREATE TABLE t(a)`, `INSERT INTO t VALUES('new')`))
					v.noticed(dbfile.FileReplaced)
					v.ok(numbered(victimRows))
					v.wantOther("5,new")
					if reader {
						if got := o.query(`SELECT count(*) FROM t`); got != "5" {
							t.Errorf("the reader of the old file sees %s rows, want 5", got)
						}
					}
				})
			}
		}
	}
}

// What a reader keeps in the log of a file that was removed is not applied to
// a new one, nor deleted.
func TestFileRemovedBesideALog(t *testing.T) {
	v := newVictim(t, false)
	reader := openReader(t, v.file)
	reader.hold()
	v.ok(batchOf(`INSERT INTO t VALUES('in the log')`))
	v.remove("")
	log := v.read("-wal")
	v.fails(numbered(victimRows), wire.CodeStaleWAL)
	v.stop()
	v.fails(numbered(victimRows), wire.CodeStaleWAL)
	if !bytes.Equal(v.read("-wal"), log) {
		t.Error("the log has changed")
	}
	if got := reader.query(`SELECT count(*) FROM t`); got != "5" {
		t.Errorf("the reader sees %s rows, want 5", got)
	}
	v.remove("-wal")
	v.ok(batchOf(`CREATE TABLE t(a)`, `INSERT INTO t VALUES('new')`))
	v.ok(numbered(victimRows))
	v.wantOther("5,new")
}

//go:build unix

package dbfile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/wire"
)

// watchedFile is a database that a connection has open, and its footprint.
type watchedFile struct {
	t    testing.TB
	path string
	conn *sqlite3.Conn
	*Footprint
}

// watchFile makes one whose page 2 has the table s, in the file, and commits
// of it in the log.
func watchFile(t testing.TB) *watchedFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.db")
	w := &watchedFile{t: t, path: path, conn: writer(t, path, "PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0",
		"CREATE TABLE s(x)", "CREATE TABLE t(id INTEGER PRIMARY KEY, x)", "INSERT INTO s VALUES(0)", "PRAGMA wal_checkpoint(TRUNCATE)")}
	// A checkpoint would touch an index that a test has cut off.
	if _, err := w.conn.Config(sqlite3.DBCONFIG_NO_CKPT_ON_CLOSE, true); err != nil {
		t.Fatal(err)
	}
	open := func(suffix string) *os.File {
		f, err := os.Open(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	w.Footprint = TakeFootprint(path, Handles{open(""), open(logSuffix), open(indexSuffix)}, 2)
	w.commit(1)
	return w
}

// commit commits through the connection, as the footprint's owner.
func (w *watchedFile) commit(n int) {
	w.t.Helper()
	for range n {
		run(w.t, w.conn, "UPDATE s SET x = x + 1", grow)
		w.Committed()
	}
}

// sql runs statements as another connection does.
func (w *watchedFile) sql(sql ...string) {
	w.t.Helper()
	run(w.t, writer(w.t, w.path, sql...))
}

// poke changes bytes of a file that is open.
func (w *watchedFile) poke(suffix string, at int64, with ...byte) {
	w.t.Helper()
	f, err := os.OpenFile(w.path+suffix, os.O_WRONLY, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(with, at); err != nil {
		w.t.Fatal(err)
	}
}

// replace puts another file with the same content at the path.
func (w *watchedFile) replace(suffix string) {
	w.t.Helper()
	content := read(w.t, w.path+suffix)
	write(w.t, w.path+".new", content)
	if err := os.Rename(w.path+".new", w.path+suffix); err != nil {
		w.t.Fatal(err)
	}
}

func TestFootprint(t *testing.T) {
	end := func(w *watchedFile, suffix string) int64 { return identify(w.t, w.path+suffix).Size }
	tests := []struct {
		name string
		do   func(w *watchedFile)
		want Tampering
	}{
		{"nothing", func(*watchedFile) {}, 0},
		{"own commits", func(w *watchedFile) { w.commit(20) }, 0},
		{"own checkpoint", func(w *watchedFile) { run(w.t, w.conn, "PRAGMA wal_checkpoint(PASSIVE)") }, 0},
		{"own restart", func(w *watchedFile) {
			run(w.t, w.conn, "PRAGMA wal_checkpoint(PASSIVE)")
			w.commit(1)
		}, 0},
		{"another's commit", func(w *watchedFile) { w.sql("INSERT INTO t(x) VALUES(1)") }, 0},
		{"another's checkpoint", func(w *watchedFile) { w.sql("PRAGMA wal_checkpoint(PASSIVE)") }, 0},
		{"another's truncation", func(w *watchedFile) { w.sql("PRAGMA wal_checkpoint(TRUNCATE)") }, 0},
		{"another's commits and truncation", func(w *watchedFile) {
			w.sql("PRAGMA wal_checkpoint(TRUNCATE)", "UPDATE s SET x = 100", "PRAGMA wal_checkpoint(TRUNCATE)", "INSERT INTO t(x) VALUES(1)")
		}, 0},
		{"another's shrinking", func(w *watchedFile) { w.sql("DELETE FROM t", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)") }, 0},
		{"a checkpoint that was broken off", func(w *watchedFile) {
			w.poke(indexSuffix, 128, 1) // it was to move one frame
			w.poke("", 4096+100, 0xFF)
		}, 0},
		{"a checkpoint that goes on", func(w *watchedFile) {
			w.poke(indexSuffix, 128, 1)
			w.Check(identify(w.t, w.path))
			w.poke("", 4096+100, 0xFF)
		}, 0},
		{"a checkpoint that ran beside a commit", func(w *watchedFile) {
			w.sql("PRAGMA wal_checkpoint(PASSIVE)")
			w.Committed()
		}, 0},
		{"an index that is being written", func(w *watchedFile) { w.poke(indexSuffix, 48+16, 0xFF) }, 0},
		{"an index of zeros", func(w *watchedFile) { w.poke(indexSuffix, 0, make([]byte, indexBlockSize)...) }, 0},
		{"file touched", func(w *watchedFile) {
			if err := os.Chtimes(w.path, time.Time{}, time.Unix(1, 0)); err != nil {
				w.t.Fatal(err)
			}
		}, 0},
		{"file removed", func(w *watchedFile) { mustRemove(w.t, w.path) }, FileReplaced},
		{"file replaced", func(w *watchedFile) { w.replace("") }, FileReplaced},
		{"file's header changed", func(w *watchedFile) { w.poke("", 40, 1, 2, 3, 4) }, FileOverwritten},
		{"file's state changed", func(w *watchedFile) { w.poke("", 2*4096-1, 0xFF) }, FileOverwritten},
		{"file cut off", func(w *watchedFile) { cut(w.t, w.path, end(w, "")-4096) }, FileOverwritten},
		{"file cut off to nothing", func(w *watchedFile) { cut(w.t, w.path, 0) }, FileOverwritten},
		{"file lengthened", func(w *watchedFile) { cut(w.t, w.path, end(w, "")+1) }, FileOverwritten},
		{"file overwritten beside a checkpoint", func(w *watchedFile) {
			w.sql("PRAGMA wal_checkpoint(PASSIVE)")
			w.poke("", 0, make([]byte, 100)...)
		}, FileOverwritten},
		{"log removed", func(w *watchedFile) { mustRemove(w.t, w.path+logSuffix) }, LogMoved},
		{"log replaced", func(w *watchedFile) { w.replace(logSuffix) }, LogMoved},
		{"log cut off", func(w *watchedFile) { cut(w.t, w.path+logSuffix, end(w, logSuffix)-1) }, LogDamaged},
		{"log cut off and grown", func(w *watchedFile) {
			size := end(w, logSuffix)
			cut(w.t, w.path+logSuffix, size-5000)
			cut(w.t, w.path+logSuffix, size)
		}, LogDamaged},
		{"log of another", func(w *watchedFile) {
			w.poke(logSuffix, 0, append(read(w.t, liveLog(w.t)+logSuffix), make([]byte, 1<<20)...)...)
		}, LogDamaged},
		{"index removed", func(w *watchedFile) { mustRemove(w.t, w.path+indexSuffix) }, IndexMoved},
		{"index replaced", func(w *watchedFile) { w.replace(indexSuffix) }, IndexMoved},
		{"index cut off", func(w *watchedFile) { cut(w.t, w.path+indexSuffix, 0) }, IndexDamaged},
		{"second part of the index cut off", func(w *watchedFile) {
			w.commit(1200)
			cut(w.t, w.path+indexSuffix, indexBlockSize)
		}, IndexDamaged},
		{"index of another", func(w *watchedFile) { w.poke(indexSuffix, 0, read(w.t, liveLog(w.t)+indexSuffix)...) }, IndexDamaged},
		{"log and index removed", func(w *watchedFile) {
			mustRemove(w.t, w.path+logSuffix)
			mustRemove(w.t, w.path+indexSuffix)
		}, LogMoved | IndexMoved},
		{"all removed", func(w *watchedFile) {
			for _, suffix := range []string{"", logSuffix, indexSuffix} {
				mustRemove(w.t, w.path+suffix)
			}
		}, FileReplaced | LogMoved | IndexMoved},
		{"log and index cut off", func(w *watchedFile) {
			cut(w.t, w.path+logSuffix, 0)
			cut(w.t, w.path+indexSuffix, 0)
		}, LogDamaged | IndexDamaged},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := watchFile(t)
			test.do(w)
			for range 2 { // tampering is not forgotten
				if got := w.Check(identify(t, w.path)); got != test.want {
					t.Errorf("Check = %q, want %q", got, test.want)
				}
			}
		})
	}
}

// Tampering is seen after what others have done in the same moment, and after
// it was looked at.
func TestFootprintGoesOn(t *testing.T) {
	for range 3 {
		w := watchFile(t)
		for range 3 {
			w.sql("UPDATE s SET x = x + 1", "PRAGMA wal_checkpoint(TRUNCATE)")
			if got := w.Check(identify(t, w.path)); got != 0 {
				t.Fatalf("Check = %q, want nothing", got)
			}
			w.commit(2)
			if got := w.Check(identify(t, w.path)); got != 0 {
				t.Fatalf("after commits, Check = %q, want nothing", got)
			}
		}
		w.poke("", 2*4096-1, 0xFF)
		if got := w.Check(identify(t, w.path)); got != FileOverwritten {
			t.Errorf("Check = %q, want %q", got, FileOverwritten)
		}
	}
}

// meddled is a file before the next read of which something happens.
type meddled struct {
	Handle
	next func()
}

func (m *meddled) ReadAt(p []byte, at int64) (int, error) {
	if next := m.next; next != nil {
		m.next = nil
		next()
	}
	return m.Handle.ReadAt(p, at)
}

// Another process begins the log anew, or moves it into the file, while it is
// looked at.
func TestFootprintOfAMovingTarget(t *testing.T) {
	for _, sql := range []string{
		"INSERT INTO t(x) VALUES(1)",
		"PRAGMA wal_checkpoint(PASSIVE)",
		"PRAGMA wal_checkpoint(TRUNCATE)",
		"PRAGMA wal_checkpoint(TRUNCATE); UPDATE s SET x = 7; INSERT INTO t(x) VALUES(1)",
	} {
		for _, of := range []string{"file", "log", "index"} {
			t.Run(of+" "+sql, func(t *testing.T) {
				w := watchFile(t)
				m := &meddled{next: func() { w.sql(sql) }}
				h := map[string]*Handle{"file": &w.handles.File, "log": &w.handles.Log, "index": &w.handles.Index}[of]
				m.Handle, *h = *h, m
				for range 3 {
					if got := w.Check(identify(t, w.path)); got != 0 {
						t.Errorf("Check = %q, want nothing", got)
					}
				}
				if m.next != nil {
					t.Error("nothing was read")
				}
			})
		}
	}
}

func TestNoFootprint(t *testing.T) {
	var none *Footprint
	if got := none.Check(Identity{}); got != 0 {
		t.Errorf("without one, Check = %q", got)
	}
	none.Committed()
	file := filepath.Join(t.TempDir(), "a.db")
	write(t, file, nil)
	w := TakeFootprint(file, Handles{}, 0)
	w.Committed()
	if got := w.Check(identify(t, file)); got != 0 {
		t.Errorf("without handles, Check = %q", got)
	}
	mustRemove(t, file)
	if got := w.Check(Identity{}); got != FileReplaced {
		t.Errorf("without handles, of a file that was removed, Check = %q", got)
	}
}

func TestRemains(t *testing.T) {
	tests := []struct {
		name string
		do   func(w *watchedFile)
		want Remains
	}{
		{"cut off to nothing", func(w *watchedFile) { cut(w.t, w.path+logSuffix, 0) }, Stale}, // which nothing is
		{"cut off to a commit", func(w *watchedFile) {
			size := identify(w.t, w.path+logSuffix).Size
			w.commit(1)
			cut(w.t, w.path+logSuffix, size)
		}, Usable},
		{"cut off behind what is in the file", func(w *watchedFile) {
			run(w.t, w.conn, "PRAGMA wal_checkpoint(PASSIVE)")
			w.Check(identify(w.t, w.path))
			size := identify(w.t, w.path+logSuffix).Size
			w.sql("BEGIN; SELECT * FROM s") // which keeps the log from beginning anew
			w.commit(2)
			cut(w.t, w.path+logSuffix, size+100)
		}, Usable},
		{"cut off before what is in the file", func(w *watchedFile) {
			w.sql("BEGIN; SELECT * FROM s")
			w.commit(1)
			run(w.t, w.conn, "PRAGMA wal_checkpoint(PASSIVE)")
			cut(w.t, w.path+logSuffix, 5000)
		}, Torn},
		{"cut off when all was in the file", func(w *watchedFile) {
			size := identify(w.t, w.path+logSuffix).Size
			w.commit(1)
			run(w.t, w.conn, "PRAGMA wal_checkpoint(PASSIVE)")
			cut(w.t, w.path+logSuffix, size)
		}, Stale},
		{"of another", func(w *watchedFile) { write(w.t, w.path+logSuffix, read(w.t, liveLog(w.t)+logSuffix)) }, Stale},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := watchFile(t)
			test.do(w)
			if got := w.Check(identify(t, w.path)); got != LogDamaged {
				t.Fatalf("Check = %q, want %q", got, LogDamaged)
			}
			if got := w.Remains(); got != test.want {
				t.Errorf("Remains = %d, want %d", got, test.want)
			}
		})
	}
}

func TestPutLogBack(t *testing.T) {
	for name, there := range map[string][]byte{"missing": nil, "empty": {}, "taken": []byte("another")} {
		t.Run(name, func(t *testing.T) {
			w := watchFile(t)
			log := read(t, w.path+logSuffix)
			mustRemove(t, w.path+logSuffix)
			if there != nil {
				write(t, w.path+logSuffix, there)
			}
			err := w.PutLogBack(OS{})
			want := log
			if len(there) > 0 {
				want = there
			}
			if (err != nil) != (len(there) > 0) || err != nil && wire.ErrorCode(err) != wire.CodeIOError {
				t.Errorf("PutLogBack = %v", err)
			}
			if got := read(t, w.path+logSuffix); !bytes.Equal(got, want) {
				t.Errorf("the log has %d bytes, others than the %d that it should have", len(got), len(want))
			}
		})
	}
}

func TestLogSaved(t *testing.T) {
	w := watchFile(t)
	if w.LogSaved() {
		t.Error("LogSaved before a checkpoint")
	}
	for _, mode := range []string{"PASSIVE", "TRUNCATE"} {
		run(t, w.conn, "PRAGMA wal_checkpoint("+mode+")")
		if !w.LogSaved() {
			t.Errorf("not LogSaved after %s", mode)
		}
	}
}

func BenchmarkFootprintCheck(b *testing.B) {
	w := watchFile(b)
	for b.Loop() {
		if t := w.Check(identify(b, w.path)); t != 0 {
			b.Fatal(t)
		}
	}
}

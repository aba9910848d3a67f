package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/skylinedb/skylinedb/wire"
)

// writes is a file that notes what is done to it.
type writes struct {
	vfs.File
	done []string
	err  error
}

func (w *writes) note(what string) error {
	w.done = append(w.done, what)
	return w.err
}

func (w *writes) WriteAt(p []byte, off int64) (int, error) {
	return len(p), w.note(fmt.Sprintf("write %d at %d", len(p), off))
}
func (w *writes) ReadAt(p []byte, off int64) (int, error) { return len(p), w.note("read") }
func (w *writes) Sync(vfs.SyncFlag) error                 { return w.note("sync") }
func (w *writes) Truncate(int64) error                    { return w.note("truncate") }
func (w *writes) Size() (int64, error)                    { return 0, w.note("size") }

// frame writes a frame as SQLite does, in two pieces.
func frame(f *logFile, at int64) error {
	if _, err := f.WriteAt(make([]byte, frameHeaderSize), at); err != nil {
		return err
	}
	_, err := f.WriteAt(make([]byte, 4096), at+frameHeaderSize)
	return err
}

func TestFramesAreOneWrite(t *testing.T) {
	const size = frameHeaderSize + 4096
	write := func(f *logFile, n int, at int64) error { _, err := f.WriteAt(make([]byte, n), at); return err }
	read := func(f *logFile) error { _, err := f.ReadAt(make([]byte, 8), 0); return err }
	for _, tt := range []struct {
		name string
		do   func(f *logFile) error
		want []string
	}{
		{"a commit", func(f *logFile) error { return errors.Join(frame(f, 32), frame(f, 32+size)) },
			[]string{"write 4120 at 32", "write 4120 at 4152"}},
		{"the log's own header", func(f *logFile) error { return errors.Join(write(f, 32, 0), frame(f, 32)) },
			[]string{"write 32 at 0", "write 4120 at 32"}},
		{"a page written again", func(f *logFile) error {
			return errors.Join(frame(f, 32), frame(f, 32+size), write(f, 4096, 32+frameHeaderSize), frame(f, 32+2*size))
		}, []string{"write 4120 at 32", "write 4120 at 4152", "write 4096 at 56", "write 4120 at 8272"}},
		{"headers written again", func(f *logFile) error {
			return errors.Join(frame(f, 32), frame(f, 32+size), write(f, frameHeaderSize, 32), write(f, frameHeaderSize, 32+size))
		}, []string{"write 4120 at 32", "write 4120 at 4152", "write 24 at 32", "write 24 at 4152"}},
		{"a log that began anew", func(f *logFile) error {
			return errors.Join(frame(f, 32), frame(f, 32+size), write(f, 32, 0), frame(f, 32))
		}, []string{"write 4120 at 32", "write 4120 at 4152", "write 32 at 0", "write 4120 at 32"}},
		{"a header without a page, then another place", func(f *logFile) error {
			return errors.Join(write(f, frameHeaderSize, 32), frame(f, 32+size))
		}, []string{"write 24 at 32", "write 4120 at 4152"}},
		{"a header without a page, then read", func(f *logFile) error {
			return errors.Join(write(f, frameHeaderSize, 32), read(f))
		}, []string{"write 24 at 32", "read"}},
		{"a header without a page, then sync", func(f *logFile) error {
			return errors.Join(write(f, frameHeaderSize, 32), f.Sync(0))
		}, []string{"write 24 at 32", "sync"}},
		{"a header without a page, then truncate", func(f *logFile) error {
			return errors.Join(write(f, frameHeaderSize, 32), f.Truncate(0))
		}, []string{"write 24 at 32", "truncate"}},
		{"a header without a page, then size", func(f *logFile) error {
			_, err := f.Size()
			return errors.Join(write(f, frameHeaderSize, 32), err, f.Sync(0))
		}, []string{"size", "write 24 at 32", "sync"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &writes{}
			if err := tt.do(&logFile{File: w}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, w.done); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A frame that cannot be written is told as SQLite writes it, and not written
// later.
func TestFrameThatCannotBeWritten(t *testing.T) {
	full := errors.New("the disk is full")
	w := &writes{err: full}
	f := &logFile{File: w}
	if err := frame(f, 32); !errors.Is(err, full) {
		t.Errorf("%v, want that the disk is full", err)
	}
	w.err = nil
	if err := f.Sync(0); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"write 4120 at 32", "sync"}, w.done); diff != "" {
		t.Error(diff)
	}
}

// What is committed is in the files, for a daemon that comes after a kill, also
// where pages went into the log before the commit and came back.
func TestJoinedLogIsWholeAtCommit(t *testing.T) {
	c, file := openTest(t)
	mustRun(t, c, `CREATE TABLE big(i INTEGER PRIMARY KEY, b BLOB)`)
	for n := range 3 {
		if err := c.Begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		mustRun(t, c, `DELETE FROM big`)
		// More pages than the cache holds.
		mustRun(t, c, `WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i < 3000) INSERT INTO big SELECT i, randomblob(3000) FROM n`)
		mustRun(t, c, `UPDATE big SET b = zeroblob(3000) WHERE i % 2`)
		if err := c.Commit(); err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(t.TempDir(), "copy.db")
		for _, suffix := range []string{"", "-wal"} {
			content, err := os.ReadFile(file + suffix)
			if err == nil {
				err = os.WriteFile(copied+suffix, content, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		after := openFile(t, copied, Options{})
		if ok, err := after.Intact(); !ok || err != nil {
			t.Errorf("commit %d: intact %v, %v", n, ok, err)
		}
		if got := text(t, after, `SELECT count(*) FROM big WHERE b = zeroblob(3000)`); got != "1500" {
			t.Errorf("commit %d: %s rows were updated, want 1500", n, got)
		}
	}
}

// Frames that a transaction had written when it was rolled back stay away from
// what another process commits in their place.
func TestRolledBackFramesStayAway(t *testing.T) {
	for _, rows := range []int{690, 720, 750} { // more than the cache holds, by more and less
		c, file := openTest(t)
		if done, err := c.CheckpointPassive(); !done || err != nil {
			t.Fatal(done, err)
		}
		if err := c.Begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		mustRun(t, c, `CREATE TABLE big(i INTEGER PRIMARY KEY, b BLOB)`)
		mustRun(t, c, fmt.Sprintf(`WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i < %d) INSERT INTO big SELECT i, randomblob(3000) FROM n`, rows))
		if err := c.Rollback(); err != nil {
			t.Fatal(err)
		}
		other := openFile(t, file, Options{})
		exec(t, other, `CREATE TABLE o(a)`)
		exec(t, other, `INSERT INTO o VALUES(zeroblob(900000)), (zeroblob(900000))`)
		if err := c.Begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Run(t.Context(), wire.Stmt{SQL: `INSERT INTO t VALUES(1)`}, RunOptions{Writable: true}); err != nil {
			t.Fatal(err)
		}
		if err := c.Commit(); err != nil {
			t.Fatal(err)
		}
		after := openFile(t, file, Options{})
		if ok, err := after.Intact(); !ok || err != nil {
			t.Errorf("%d rows: intact %v, %v", rows, ok, err)
		}
		if got := text(t, after, `SELECT count(*) FROM o WHERE a = zeroblob(900000)`); got != "2" {
			t.Errorf("%d rows: %s rows of the other process, want 2", rows, got)
		}
	}
}

// A path means what it says, whatever it would mean in a URI.
func TestOddPaths(t *testing.T) {
	dir := filepath.Dir(tempFile(t))
	for _, name := range []string{"a b.db", "a%20b.db", "a?vfs=memdb&x.db", "a#b.db", "é日本.db", "a+b.db", "a;b=c&d.db", "%", "a%zz.db", "file-x.db", "a'.db"} {
		if runtime.GOOS == "windows" && strings.ContainsAny(name, `?`) {
			continue // no file can be called so
		}
		file := filepath.Join(dir, name)
		c := openFile(t, file, Options{Create: true})
		if err := c.EnableWAL(t.Context()); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		exec(t, c, `CREATE TABLE t(a)`)
		for _, suffix := range []string{"", "-wal"} {
			if _, err := os.Stat(file + suffix); err != nil {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
}

package sqlite

import (
	"encoding/binary"
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

const frameSize = frameHeaderSize + 4096

// frame writes a frame as SQLite does, in two pieces.
func frame(f *logFile, at int64, commit uint32) error {
	head := make([]byte, frameHeaderSize)
	binary.BigEndian.PutUint32(head[4:], commit)
	return errors.Join(write(f, head, at), write(f, make([]byte, 4096), at+frameHeaderSize))
}

func write(f *logFile, p []byte, at int64) error {
	_, err := f.WriteAt(p, at)
	return err
}

func read(f *logFile) error {
	_, err := f.ReadAt(make([]byte, 8), 0)
	return err
}

func TestFramesAreJoined(t *testing.T) {
	head, page := make([]byte, frameHeaderSize), make([]byte, 4096)
	const first, second, third = 32, 32 + frameSize, 32 + 2*frameSize
	for _, tt := range []struct {
		name string
		do   func(f *logFile) error
		out  []string // of what it does outside of a COMMIT
		in   []string // and within
	}{
		{"frames", func(f *logFile) error {
			return errors.Join(frame(f, first, 0), frame(f, second, 0), frame(f, third, 7))
		}, []string{"write 4120 at 32", "write 4120 at 4152", "write 4120 at 8272"}, []string{"write 12360 at 32"}},
		{"two last frames", func(f *logFile) error { return errors.Join(frame(f, first, 7), frame(f, second, 7)) },
			[]string{"write 4120 at 32", "write 4120 at 4152"}, []string{"write 4120 at 32", "write 4120 at 4152"}},
		{"the log's own header", func(f *logFile) error { return errors.Join(write(f, page[:32], 0), frame(f, first, 7)) },
			[]string{"write 32 at 0", "write 4120 at 32"}, []string{"write 32 at 0", "write 4120 at 32"}},
		{"a page written again", func(f *logFile) error {
			return errors.Join(frame(f, first, 0), write(f, page, first+frameHeaderSize), frame(f, second, 7))
		}, []string{"write 4120 at 32", "write 4096 at 56", "write 4120 at 4152"}, []string{"write 4120 at 32", "write 4096 at 56", "write 4120 at 4152"}},
		{"headers written again", func(f *logFile) error {
			return errors.Join(frame(f, first, 0), frame(f, second, 7), read(f), write(f, head, first), read(f), write(f, head, second))
		}, []string{"write 4120 at 32", "write 4120 at 4152", "read", "write 24 at 32", "read", "write 24 at 4152"},
			[]string{"write 8240 at 32", "read", "write 24 at 32", "read", "write 24 at 4152"}},
		{"a log that begins anew", func(f *logFile) error {
			return errors.Join(frame(f, second, 7), write(f, page[:32], 0), frame(f, first, 7))
		}, []string{"write 4120 at 4152", "write 32 at 0", "write 4120 at 32"}, []string{"write 4120 at 4152", "write 32 at 0", "write 4120 at 32"}},
		{"another place", func(f *logFile) error { return errors.Join(frame(f, first, 0), frame(f, third, 7)) },
			[]string{"write 4120 at 32", "write 4120 at 8272"}, []string{"write 4120 at 32", "write 4120 at 8272"}},
		{"a sync", func(f *logFile) error { return errors.Join(frame(f, first, 0), f.Sync(0)) },
			[]string{"write 4120 at 32", "sync"}, []string{"write 4120 at 32", "sync"}},
		{"a truncation", func(f *logFile) error { return errors.Join(frame(f, first, 0), f.Truncate(0)) },
			[]string{"write 4120 at 32", "truncate"}, []string{"write 4120 at 32", "truncate"}},
		{"a header without a page", func(f *logFile) error { return errors.Join(write(f, head, first), read(f)) },
			[]string{"write 24 at 32", "read"}, []string{"write 24 at 32", "read"}},
		{"a commit that ends within", func(f *logFile) error { return frame(f, first, 0) },
			[]string{"write 4120 at 32"}, []string{"write 4120 at 32"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &writes{}
			if err := tt.do(&logFile{File: w}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.out, w.done); diff != "" {
				t.Error(diff)
			}
			w = &writes{}
			f := &logFile{File: w}
			if err := f.commit(func() error { return tt.do(f) }); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.in, w.done); diff != "" {
				t.Errorf("within a COMMIT: %s", diff)
			}
		})
	}
}

// A commit that holds very much writes in between.
func TestHeldFramesAreBounded(t *testing.T) {
	f := &logFile{File: &writes{}}
	most := 0
	_ = f.commit(func() error {
		for i := range int64(1000) {
			if err := frame(f, 32+i*frameSize, 0); err != nil {
				return err
			}
			if f.held != nil {
				most = max(most, len(*f.held))
			}
		}
		return nil
	})
	if most == 0 || most > maxJoined+frameSize {
		t.Errorf("%d bytes were held, at most %d may be", most, maxJoined)
	}
}

// Outside of a COMMIT a frame is written when SQLite writes it, so that the disk is
// full then, and not when SQLite reads.
func TestReadWritesNoFrame(t *testing.T) {
	w := &writes{}
	f := &logFile{File: w}
	if err := errors.Join(frame(f, 32, 0), frame(f, 32+frameSize, 0), read(f)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"write 4120 at 32", "write 4120 at 4152", "read"}, w.done); diff != "" {
		t.Error(diff)
	}
}

// A commit whose frames cannot be written fails when SQLite writes the last, and
// one that fails otherwise leaves none to be written later.
func TestFramesOfACommitThatFails(t *testing.T) {
	full := errors.New("the disk is full")
	w := &writes{err: full}
	f := &logFile{File: w}
	if err := f.commit(func() error { return errors.Join(frame(f, 32, 0), frame(f, 32+frameSize, 7)) }); !errors.Is(err, full) {
		t.Errorf("%v, want that the disk is full", err)
	}
	w.err = nil
	_ = f.commit(func() error { return errors.Join(frame(f, 32, 0), full) })
	if err := f.Sync(0); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"write 8240 at 32", "sync"}, w.done); diff != "" {
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

package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ncruces/go-sqlite3/vfs"
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
func (w *writes) Close() error                            { return w.note("close") }

// frame writes a frame as SQLite does, in two pieces.
func frame(f *logFile, at int64, commit uint32) error {
	head := make([]byte, frameHeaderSize)
	binary.BigEndian.PutUint32(head[4:], commit)
	if _, err := f.WriteAt(head, at); err != nil {
		return err
	}
	_, err := f.WriteAt(make([]byte, 4096), at+frameHeaderSize)
	return err
}

func TestFramesOfACommitAreOneWrite(t *testing.T) {
	const size = frameHeaderSize + 4096
	read := func(f *logFile) error { _, err := f.ReadAt(make([]byte, 8), 0); return err }
	for _, tt := range []struct {
		name string
		do   func(f *logFile) error
		want []string
	}{
		{"a commit", func(f *logFile) error {
			return errors.Join(frame(f, 32, 0), frame(f, 32+size, 0), frame(f, 32+2*size, 7))
		}, []string{"write 12360 at 32"}},
		{"two commits", func(f *logFile) error { return errors.Join(frame(f, 32, 7), frame(f, 32+size, 7)) },
			[]string{"write 4120 at 32", "write 4120 at 4152"}},
		{"no commit", func(f *logFile) error { return frame(f, 32, 0) }, nil},
		{"no commit, read", func(f *logFile) error { return errors.Join(frame(f, 32, 0), read(f)) },
			[]string{"write 4120 at 32", "read"}},
		{"no commit, sync", func(f *logFile) error { return errors.Join(frame(f, 32, 0), f.Sync(0)) },
			[]string{"write 4120 at 32", "sync"}},
		{"no commit, truncate", func(f *logFile) error { return errors.Join(frame(f, 32, 0), f.Truncate(0)) },
			[]string{"write 4120 at 32", "truncate"}},
		{"no commit, size", func(f *logFile) error { _, err := f.Size(); return err }, []string{"size"}},
		{"no commit, close", func(f *logFile) error { return errors.Join(frame(f, 32, 0), f.Close()) }, []string{"close"}},
		{"a page written again", func(f *logFile) error {
			err := errors.Join(frame(f, 32, 0), frame(f, 32+size, 0))
			_, e := f.WriteAt(make([]byte, 4096), 32+frameHeaderSize)
			return errors.Join(err, e, frame(f, 32+2*size, 7))
		}, []string{"write 8240 at 32", "write 4096 at 56", "write 4120 at 8272"}},
		{"headers written again", func(f *logFile) error {
			err := errors.Join(frame(f, 32, 0), frame(f, 32+size, 7))
			for _, at := range []int64{32, 32 + size} {
				_, e := f.WriteAt(make([]byte, frameHeaderSize), at)
				err = errors.Join(err, e)
			}
			return err
		}, []string{"write 8240 at 32", "write 24 at 32", "write 24 at 4152"}},
		{"a log that began anew", func(f *logFile) error {
			err := errors.Join(frame(f, 32, 0), frame(f, 32+size, 7))
			_, e := f.WriteAt(make([]byte, 32), 0)
			return errors.Join(err, e, frame(f, 32, 0), frame(f, 32+size, 7))
		}, []string{"write 8240 at 32", "write 32 at 0", "write 8240 at 32"}},
		{"the log's own header", func(f *logFile) error {
			_, err := f.WriteAt(make([]byte, 32), 0)
			return errors.Join(err, frame(f, 32, 7))
		}, []string{"write 32 at 0", "write 4120 at 32"}},
		{"another place", func(f *logFile) error { return errors.Join(frame(f, 32, 0), frame(f, 32+2*size, 7)) },
			[]string{"write 4120 at 32", "write 4120 at 8272"}},
		{"very many frames", func(f *logFile) (err error) {
			for i := range int64(65) {
				err = errors.Join(err, frame(f, 32+i*size, 0))
			}
			return err
		}, []string{"write 263680 at 32"}},
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

// A write that fails is told by the call that found out, and what was held is
// not written later.
func TestHeldFramesThatCannotBeWritten(t *testing.T) {
	full := errors.New("the disk is full")
	for name, do := range map[string]func(*logFile) error{
		"commit": func(f *logFile) error { return frame(f, 32, 7) },
		"sync":   func(f *logFile) error { return errors.Join(frame(f, 32, 0), f.Sync(0)) },
		"read": func(f *logFile) error {
			err := frame(f, 32, 0)
			_, e := f.ReadAt(make([]byte, 8), 0)
			return errors.Join(err, e)
		},
	} {
		w := &writes{err: full}
		f := &logFile{File: w}
		if err := do(f); !errors.Is(err, full) {
			t.Errorf("%s: %v, want that the disk is full", name, err)
		}
		w.err = nil
		f.Close()
		if n := len(w.done); n > 2 || !slices.Contains(w.done, "close") {
			t.Errorf("%s: %q was done", name, w.done)
		}
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

package sqlite

import (
	"bytes"
	"os"
	"runtime"
	"testing"
)

// The handles read what SQLite reads, after the files are gone from their
// paths as well.
func TestHandles(t *testing.T) {
	c, path := openTest(t)
	file, log, index := c.Handles(true)
	want := map[string][]byte{}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		content, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		want[suffix] = content
		if runtime.GOOS != "windows" {
			os.Remove(path + suffix)
		}
	}
	for suffix, h := range map[string]Handle{"": file, "-wal": log, "-shm": index} {
		if runtime.GOOS == "windows" && suffix == "-shm" {
			continue // a part of it is locked
		}
		content := want[suffix]
		got := make([]byte, len(content))
		if _, err := h.ReadAt(got, 0); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%q: other content, %v", suffix, err)
		}
		if info, err := h.Stat(); err != nil || info.Size() != int64(len(content)) {
			t.Errorf("%q: %v, %v; want %d bytes", suffix, info, err, len(content))
		}
	}
}

func TestHandlesWithoutALog(t *testing.T) {
	c := openFile(t, tempFile(t), Options{Create: true})
	exec(t, c, `CREATE TABLE t(a)`)
	if file, log, index := c.Handles(false); file == nil || log != nil || index != nil {
		t.Errorf("handles %v, %v, %v; want only the first", file, log, index)
	}
}

// A connection whose state nobody knows moves nothing into the file.
func TestBrokenConnectionLeavesTheLog(t *testing.T) {
	c, path := openTest(t)
	exec(t, c, `INSERT INTO t VALUES(1)`)
	log, err := os.ReadFile(path + "-wal")
	if err != nil || len(log) == 0 {
		t.Fatalf("a log of %d bytes, %v", len(log), err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c.GiveUp()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for suffix, want := range map[string][]byte{"": file, "-wal": log} {
		if got, err := os.ReadFile(path + suffix); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q has changed, %v", suffix, err)
		}
	}
	next := openFile(t, path, Options{})
	if got := text(t, next, `SELECT a FROM t`); got != "1" {
		t.Errorf("the next connection sees %q, want 1", got)
	}
}

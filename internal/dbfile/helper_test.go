package dbfile

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// writer opens a database with SQLite for the length of a test.
func writer(t testing.TB, file string, sql ...string) *sqlite3.Conn {
	t.Helper()
	conn, err := sqlite3.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	run(t, conn, sql...)
	return conn
}

func run(t testing.TB, conn *sqlite3.Conn, sql ...string) {
	t.Helper()
	for _, stmt := range sql {
		if err := conn.Exec(stmt); err != nil {
			t.Fatalf("%s: %v", stmt, err)
		}
	}
}

// snapshot copies a database and its side files as they are, as a crash or
// a careless copy would, and returns the copy's path.
func snapshot(t testing.TB, file string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(file))
	for _, suffix := range []string{"", logSuffix, indexSuffix} {
		copyFile(t, file+suffix, to+suffix)
	}
	return to
}

// copyFile copies a file with its time; a missing one stays missing.
func copyFile(t testing.TB, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if isAbsent(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, content)
	if err := os.Chtimes(to, time.Time{}, info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func identify(t testing.TB, file string) Identity {
	t.Helper()
	id, _, err := Identify(file)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// patch changes bytes of a file and keeps its times.
func patch(t testing.TB, file string, at int, with ...byte) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	content := read(t, file)
	copy(content[at:], with)
	write(t, file, content)
	if err := os.Chtimes(file, time.Time{}, info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

// closedElsewhere is a marker that was made of another file.
var closedElsewhere = Marker{State: Closed, Existed: true, Identity: Identity{Device: 1, Inode: 1, Size: 1, ModTime: 1}}

func mustRemove(t testing.TB, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}

func cut(t testing.TB, file string, size int64) {
	t.Helper()
	if err := os.Truncate(file, size); err != nil {
		t.Fatal(err)
	}
}

// digest describes a database file and its side files, content and times.
func digest(t testing.TB, file string) string {
	t.Helper()
	var b strings.Builder
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		content := read(t, filepath.Join(filepath.Dir(file), entry.Name()))
		fmt.Fprintln(&b, entry.Name(), info.Mode(), info.ModTime(), len(content), checksum{}.add(binary.LittleEndian, content))
	}
	return b.String()
}

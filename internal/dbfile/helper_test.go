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

	"github.com/skylinedb/skylinedb/internal/ostest"
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

func mkdir(t testing.TB, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

// openRoot returns a root with a database a.db and one sub/b.db, links in all
// directions, and a file outside.
func openRoot(t testing.TB) *Root {
	t.Helper()
	top := t.TempDir()
	dir, outside := filepath.Join(top, "root"), filepath.Join(top, "root-outside")
	mkdir(t, filepath.Join(dir, "sub", "deep"))
	mkdir(t, outside)
	for _, file := range []string{"root/a.db", "root/sub/b.db", "root/hard1.db", "root/own.lock", "root/real-wal", "root-outside/o.db"} {
		write(t, filepath.Join(top, file), []byte("x"))
	}
	if err := os.Link(filepath.Join(dir, "hard1.db"), filepath.Join(dir, "hard2.db")); err != nil {
		t.Fatal(err)
	}
	makeLinks(t, dir, outside)
	r, err := OpenRoot(dir, filepath.Join(dir, "own.lock"), filepath.Join(dir, "own.sock"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// makeLinks fills the folder of openRoot with links, where the system has them.
func makeLinks(t testing.TB, dir, outside string) {
	t.Helper()
	if err := ostest.TrySymlink("a.db", filepath.Join(t.TempDir(), "link")); err != nil {
		t.Logf("without symbolic links: %v", err)
		return
	}
	for link, target := range links(dir, outside) {
		ostest.Symlink(t, target, filepath.Join(dir, link))
	}
}

// goesThroughLink reports whether a name leads through a link of makeLinks.
func goesThroughLink(name string) bool {
	for link := range links("", "") {
		if name == link || strings.HasPrefix(name, link+"/") {
			return true
		}
	}
	return false
}

// links are those of makeLinks, with their targets.
func links(dir, outside string) map[string]string {
	return map[string]string{
		"link.db":          "sub/b.db",
		"sub/up.db":        "../a.db",
		"twice.db":         "link.db",
		"folder":           "sub",
		"self":             ".",
		"absolute.db":      filepath.Join(dir, "a.db"),
		"out.db":           "../root-outside/o.db",
		"out":              outside,
		"there-and-back":   "../root/sub",
		"dangling.db":      "nowhere.db",
		"dangling-out.db":  "../root-outside/nowhere.db",
		"loop.db":          "loop2.db",
		"loop2.db":         "loop.db",
		"to-lock.db":       "own.lock",
		"to-wal.db":        "real-wal",
		"to-hard.db":       "hard1.db",
		"to-folder.db":     "sub/deep",
		"sub/to-parent":    "..",
		"sub/deep/out2":    "../../../root-outside",
		"parent-of-the-db": "..",
	}
}

package harness

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"
)

// judge fails the test for what a daemon should not have left. No daemon and
// no other process may use the databases any more.
func judge(t testing.TB, log, dir string, allowed ...string) {
	t.Helper()
	judged := without(log, allowed)
	for _, sign := range []string{"panic", "DATA RACE", "level=ERROR", "fatal error"} {
		if strings.Contains(judged, sign) {
			t.Errorf("the daemon's log has %q", sign)
		}
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && isDatabase(path, entry) {
			CheckIntegrity(t, path)
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Errorf("look for databases: %v", err)
	}
	if t.Failed() {
		t.Logf("the daemon's log:\n%s", log)
	}
}

// without returns the lines of a log that have none of the texts.
func without(log string, texts []string) string {
	var rest strings.Builder
	for line := range strings.Lines(log) {
		if !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(line, text) }) {
			rest.WriteString(line)
		}
	}
	return rest.String()
}

// isDatabase reports whether a file is a database by its first bytes. An empty
// file is one: what it holds may be in its log.
func isDatabase(path string, entry fs.DirEntry) bool {
	const magic = "SQLite format 3\x00"
	if !entry.Type().IsRegular() || strings.Contains(filepath.Base(path), "-") {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(magic))
	n, _ := f.Read(head)
	return n == 0 || string(head[:n]) == magic
}

// CheckIntegrity fails the test if the database is damaged.
func CheckIntegrity(t testing.TB, file string) {
	t.Helper()
	// It may have a log that a killed daemon left, which only a connection
	// that can write brings in.
	db, err := sqlite3.Open(file)
	if err != nil {
		t.Errorf("open %s: %v", file, err)
		return
	}
	defer db.Close()
	row, err := firstRow(db, `PRAGMA integrity_check`)
	if err != nil || len(row) != 1 || row[0] != "ok" {
		t.Errorf("%s: integrity_check says %q, %v", file, row, err)
	}
}

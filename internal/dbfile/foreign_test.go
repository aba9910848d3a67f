package dbfile

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

// made returns a database that a program made and left, with its log folded
// in and gone.
func made(t testing.TB, sql ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.db")
	conn := writer(t, file, append([]string{"PRAGMA journal_mode=WAL"}, sql...)...)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

// forked returns a copy of a database file alone.
func forked(t testing.TB, file string) string {
	t.Helper()
	fork := filepath.Join(t.TempDir(), "a.db")
	copyFile(t, file, fork)
	return fork
}

// edited changes a database and folds the changes in.
func edited(t testing.TB, file string, sql ...string) string {
	t.Helper()
	if err := writer(t, file, sql...).Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

// logged returns a copy of a database that was changed and keeps its log.
func logged(t testing.TB, file string, sql ...string) string {
	t.Helper()
	writer(t, file, sql...)
	return snapshot(t, file)
}

// beside puts a log, without its index, beside another database.
func beside(t testing.TB, file, of string) string {
	t.Helper()
	if size, err := LogSize(of); size == 0 || err != nil {
		t.Fatalf("LogSize = %d, %v; want a log to take", size, err)
	}
	copyFile(t, of+logSuffix, file+logSuffix)
	return file
}

const (
	createT = "CREATE TABLE t(id INTEGER PRIMARY KEY, x)"
	fillT   = "INSERT INTO t VALUES (1, 'base'), (2, 'base')"
	createU = "CREATE TABLE u(y)"
)

// Logs of other files, however alike: each is refused, beside a file that
// replaced the closed one and beside the closed one itself.
func TestCheckLogForeign(t *testing.T) {
	for name, make := range map[string]func(t *testing.T) string{
		"same schema": func(t *testing.T) string {
			return beside(t, made(t, createT, fillT), logged(t, made(t, createT, fillT), grow))
		},
		"same schema, first commits": func(t *testing.T) string {
			return beside(t, made(t, createT), logged(t, filepath.Join(t.TempDir(), "b.db"), "PRAGMA journal_mode=WAL", createT, fillT))
		},
		"same schema and rows, another row changed": func(t *testing.T) string {
			return beside(t, made(t, createT, fillT), logged(t, made(t, createT, fillT), "UPDATE t SET x = 'log' WHERE id = 2"))
		},
		"another schema": func(t *testing.T) string {
			return beside(t, made(t, createT, fillT), logged(t, made(t, "CREATE TABLE t(id INTEGER PRIMARY KEY, other)"), grow))
		},
		"another page size": func(t *testing.T) string {
			return beside(t, made(t, createT), logged(t, filepath.Join(t.TempDir(), "b.db"), "PRAGMA page_size=8192", "PRAGMA journal_mode=WAL", createT))
		},
		"change counter 2": counterTwo,
		"two machines":     twoMachines,
		"fork of the state at a checkpoint": func(t *testing.T) string {
			return forkOfCheckpoint(t, "UPDATE v SET z = 'fork'")
		},
		"state at a checkpoint": func(t *testing.T) string {
			return forkOfCheckpoint(t, "SELECT 1") // belongs to it, but nothing tells it from the fork
		},
	} {
		testLogs(t, []logCase{
			elsewhere(name+", file replaced", make, wire.CodeStaleWAL),
			here(name+", file unchanged", make, wire.CodeStaleWAL),
		})
	}
}

// counterTwo returns a file with the change counter of most files, and the log
// of one that has nothing in common with it and whose next value this is.
func counterTwo(t *testing.T) string {
	t.Helper()
	file := made(t, createT)
	if counter := read(t, file)[27]; counter != 2 {
		t.Fatalf("the change counter is %d, want 2", counter)
	}
	return beside(t, file, logged(t, made(t, "CREATE TABLE other(a)"), "CREATE TABLE o2(b)", "INSERT INTO other VALUES ('foreign')"))
}

// twoMachines returns a file of which two machines had a copy: both changed
// rows, and the log of the one came beside the file of the other.
func twoMachines(t *testing.T) string {
	t.Helper()
	first := made(t, createT, fillT, createU, "INSERT INTO u VALUES ('base')")
	second := forked(t, first)
	edited(t, first, "UPDATE t SET x = 'first'")
	return beside(t, first, logged(t, second, "PRAGMA user_version = 7", "UPDATE u SET y = 'second'"))
}

// forkOfCheckpoint returns a file that holds a log up to one of its commits,
// with page 1, and had rows in other pages changed after that; the log goes on.
func forkOfCheckpoint(t *testing.T, sql string) string {
	t.Helper()
	file := made(t, createT, fillT, createU, "INSERT INTO u VALUES (1)", "CREATE TABLE v(z)", "INSERT INTO v VALUES ('base')")
	conn := writer(t, file, "UPDATE t SET x = 'log'", "PRAGMA user_version = 5")
	writer(t, file, "BEGIN", "SELECT * FROM t") // the checkpoint stops here
	run(t, conn, "UPDATE u SET y = 2", "PRAGMA wal_checkpoint(PASSIVE)")
	log := snapshot(t, file)
	return beside(t, edited(t, forked(t, log), sql), log)
}

// What the rule is for: SQLite shows rows of both files, and finds nothing
// wrong.
func TestSQLiteMixesForks(t *testing.T) {
	tests := []struct{ name, file, sql, want string }{
		{"two machines", twoMachines(t), "SELECT min(x) || ' ' || y FROM t, u", "first second"},
		{"fork of the state at a checkpoint", forkOfCheckpoint(t, "UPDATE v SET z = 'fork'"), "SELECT y || ' ' || z FROM u, v", "2 fork"},
	}
	for _, test := range tests {
		if got := text(t, test.file, test.sql); got != test.want {
			t.Errorf("%s: SQLite shows %q, want the mixture %q", test.name, got, test.want)
		}
		if got := text(t, test.file, "PRAGMA integrity_check"); got != "ok" {
			t.Errorf("%s: SQLite finds %q, want ok", test.name, got)
		}
	}
}

// text returns the first value that a query gives on a copy of a database.
func text(t testing.TB, file, sql string) string {
	t.Helper()
	stmt, _, err := writer(t, snapshot(t, file)).Prepare(sql)
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	if !stmt.Step() {
		t.Fatalf("%s: no row (%v)", sql, stmt.Err())
	}
	return stmt.ColumnText(0)
}

// A journal that SQLite would roll back is refused whatever else there is; one
// that it would not changes nothing.
func TestCheckLogJournal(t *testing.T) {
	files := map[string]func(t testing.TB) string{
		"database":   func(t testing.TB) string { return made(t, createT) },
		"log":        rowsOnly,
		"folded log": folded,
		"no file":    func(t testing.TB) string { return filepath.Join(t.TempDir(), "a.db") },
		"empty file": func(t testing.TB) string {
			file := filepath.Join(t.TempDir(), "a.db")
			write(t, file, nil)
			return file
		},
	}
	const header = journalMagic + "\x00\x00\x00\x01nonc"
	journals := []struct {
		content  string
		hot      bool // beside a file with content
		hotAlone bool // beside none
	}{
		{header + "\x00\x00\x00\x02", true, true},
		{header + "\x00\x00\x00\x00", true, false}, // of a first transaction
		{header, true, false},
		{"\x01", true, false},
		{"", false, false},
		{"\x00\xd5\x05\xf9", false, false},
	}
	for name, make := range files {
		for _, journal := range journals {
			file := make(t)
			for _, closed := range []Marker{unchanged(t, file), closedElsewhere, {}} {
				now := identify(t, file)
				if err := removeSideFile(OS{}, file+journalSuffix); err != nil {
					t.Fatal(err)
				}
				want := wire.ErrorCode(CheckLog(file, closed, now))
				write(t, file+journalSuffix, []byte(journal.content))
				hot := journal.hot && now.Size > 0 || journal.hotAlone
				if hot {
					want = wire.CodeStaleWAL
				}
				before := digest(t, file)
				err := CheckLog(file, closed, now)
				if wire.ErrorCode(err) != want || err != nil && hot && !strings.Contains(err.Error(), file+journalSuffix) {
					t.Errorf("%s with the journal %q: CheckLog = %v, want code %q", name, journal.content, err, want)
				}
				if digest(t, file) != before {
					t.Errorf("%s with the journal %q: CheckLog changed files", name, journal.content)
				}
			}
		}
	}
}

package dbfile

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/wire"
)

// logCase is a database file with its side files, all in a folder of their
// own, and what CheckLog has to say.
type logCase struct {
	name string
	make func(t *testing.T) (file string, closed Marker)
	want wire.Code
}

// testLogs runs cases and looks that no file changes.
func testLogs(t *testing.T, cases []logCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			file, closed := test.make(t)
			before := digest(t, file)
			err := CheckLog(file, closed, identify(t, file))
			if got := wire.ErrorCode(err); got != test.want {
				t.Errorf("CheckLog = %v, want code %q", err, test.want)
			}
			if err != nil && !strings.Contains(err.Error(), file+logSuffix) {
				t.Errorf("CheckLog = %v, want the log's name in it", err)
			}
			if after := digest(t, file); after != before {
				t.Errorf("CheckLog changed files:\n%s\nwant\n%s", after, before)
			}
		})
	}
}

const grow = "INSERT INTO t SELECT NULL, randomblob(900) FROM (VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9))"

// liveLog returns a database with a log that starts with page 1.
func liveLog(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.db")
	first := writer(t, file, "PRAGMA journal_mode=WAL", "CREATE TABLE t(id INTEGER PRIMARY KEY, x)")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	writer(t, file, grow, "CREATE TABLE u(y)", grow)
	return snapshot(t, file)
}

// rowsOnly returns a database whose log holds no page 1.
func rowsOnly(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.db")
	writer(t, file, "PRAGMA journal_mode=WAL", "CREATE TABLE t(id INTEGER PRIMARY KEY, x)",
		"INSERT INTO t VALUES (1, 1)", "PRAGMA wal_checkpoint(TRUNCATE)", "UPDATE t SET x = 2")
	return snapshot(t, file)
}

// folded returns a database whose log, without page 1, is in the file already.
func folded(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.db")
	writer(t, file, "PRAGMA journal_mode=WAL", "CREATE TABLE t(id INTEGER PRIMARY KEY, x)",
		"INSERT INTO t VALUES (1, 1)", "PRAGMA wal_checkpoint(TRUNCATE)",
		"UPDATE t SET x = 2", "PRAGMA wal_checkpoint(PASSIVE)")
	return snapshot(t, file)
}

// unchanged returns the marker of a file that is as it was on Close.
func unchanged(t testing.TB, file string) Marker {
	t.Helper()
	return Marker{State: Closed, Existed: true, Identity: identify(t, file)}
}

// elsewhere makes a case of a file that is not the one that was closed.
func elsewhere(name string, make func(t *testing.T) string, want wire.Code) logCase {
	return logCase{name, func(t *testing.T) (string, Marker) { return make(t), closedElsewhere }, want}
}

// here makes a case of a file that is as it was on Close.
func here(name string, make func(t *testing.T) string, want wire.Code) logCase {
	return logCase{name, func(t *testing.T) (string, Marker) {
		file := make(t)
		return file, unchanged(t, file)
	}, want}
}

// with returns a maker that changes what another made.
func with(make func(t testing.TB) string, change func(t *testing.T, file string)) func(t *testing.T) string {
	return func(t *testing.T) string {
		file := make(t)
		change(t, file)
		return file
	}
}

func without(suffix string) func(*testing.T, string) {
	return func(t *testing.T, file string) { mustRemove(t, file+suffix) }
}

func same(*testing.T, string) {}

func TestCheckLogNoContent(t *testing.T) {
	testLogs(t, []logCase{
		elsewhere("no log", with(liveLog, without(logSuffix)), ""),
		elsewhere("empty log", with(liveLog, func(t *testing.T, file string) { write(t, file+logSuffix, nil) }), ""),
		{"no file and no log", func(t *testing.T) (string, Marker) { return filepath.Join(t.TempDir(), "a.db"), Marker{} }, ""},
	})
}

// The first proof: somebody wrote to the closed file.
func TestCheckLogInUseHere(t *testing.T) {
	testLogs(t, []logCase{
		here("page 1 changed", with(liveLog, same), ""),
		here("rows changed", with(rowsOnly, same), ""),
		here("page 1 changed, index gone", with(liveLog, without(indexSuffix)), wire.CodeStaleWAL),
		here("rows changed, index gone", with(rowsOnly, without(indexSuffix)), wire.CodeStaleWAL),
		here("index empty", with(rowsOnly, func(t *testing.T, file string) { write(t, file+indexSuffix, nil) }), wire.CodeStaleWAL),
		here("index of another log", with(rowsOnly, func(t *testing.T, file string) {
			copyFile(t, rowsOnly(t)+indexSuffix, file+indexSuffix)
		}), wire.CodeStaleWAL),
		here("index knows a frame that is not there", with(liveLog, func(t *testing.T, file string) {
			cut(t, file+logSuffix, logHeaderSize+2*(frameHeaderSize+4096))
		}), wire.CodeStaleWAL),
		here("index has another checksum", with(rowsOnly, func(t *testing.T, file string) {
			patch(t, file+logSuffix, logHeaderSize+16, 1, 2, 3, 4)
		}), wire.CodeStaleWAL),
		elsewhere("file replaced", with(rowsOnly, same), wire.CodeStaleWAL),
		elsewhere("file replaced, page 1 changed", with(liveLog, same), wire.CodeStaleWAL),
		{"file written to since", func(t *testing.T) (string, Marker) {
			file := rowsOnly(t)
			closed := unchanged(t, file)
			closed.Identity.ModTime--
			return file, closed
		}, wire.CodeStaleWAL},
		{"marker damaged", func(t *testing.T) (string, Marker) {
			return rowsOnly(t), Marker{State: Closed, Existed: true, Damaged: true}
		}, wire.CodeStaleWAL},
		{"no marker", func(t *testing.T) (string, Marker) { return rowsOnly(t), Marker{} }, wire.CodeStaleWAL},
	})
}

// The second proof: the log changes nothing.
func TestCheckLogFolded(t *testing.T) {
	withPageOne := func(t testing.TB) string {
		return logged(t, liveLog(t), grow, "PRAGMA wal_checkpoint(PASSIVE)")
	}
	testLogs(t, []logCase{
		elsewhere("rows only", with(folded, same), ""),
		elsewhere("without an index", with(folded, without(indexSuffix)), ""),
		elsewhere("with page 1", with(withPageOne, same), ""),
		elsewhere("in the other byte order", with(folded, func(t *testing.T, file string) { swapChecksums(t, file+logSuffix) }), ""),
		elsewhere("and a torn frame", with(folded, func(t *testing.T, file string) {
			log := read(t, file+logSuffix)
			write(t, file+logSuffix, append(log, log[logHeaderSize:]...))
		}), ""),
		elsewhere("then the file grew", with(folded, func(t *testing.T, file string) { cut(t, file, 3*4096) }), wire.CodeStaleWAL),
		elsewhere("then the file shrank", with(folded, func(t *testing.T, file string) { cut(t, file, 4096) }), wire.CodeStaleWAL),
		elsewhere("then a row changed", with(folded, func(t *testing.T, file string) { patch(t, file, 2*4096-1, 3) }), wire.CodeStaleWAL),
		elsewhere("then the file left the log mode", with(folded, func(t *testing.T, file string) {
			patch(t, file, writeVersionAt, 1, 1)
		}), wire.CodeStaleWAL),
	})
}

// No file to apply a log to.
func TestCheckLogNoDatabase(t *testing.T) {
	empty := func(t *testing.T, file string) { write(t, file, nil) }
	text := func(t *testing.T, file string) { write(t, file, []byte(strings.Repeat("no database ", 1000))) }
	testLogs(t, []logCase{
		elsewhere("empty file", with(liveLog, empty), wire.CodeStaleWAL),
		here("empty file, unchanged", with(liveLog, empty), wire.CodeStaleWAL),
		elsewhere("missing file", with(liveLog, without("")), wire.CodeStaleWAL),
		{"missing file, as it was", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			mustRemove(t, file)
			return file, Marker{State: Closed}
		}, wire.CodeStaleWAL},
		elsewhere("missing file, folded log", with(folded, without("")), wire.CodeStaleWAL),
		elsewhere("missing file, garbage", with(liveLog, func(t *testing.T, file string) {
			mustRemove(t, file)
			write(t, file+logSuffix, []byte{1})
		}), wire.CodeStaleWAL),
		elsewhere("text file", with(folded, text), wire.CodeStaleWAL),
		elsewhere("file cut in its header", with(folded, func(t *testing.T, file string) { cut(t, file, 50) }), wire.CodeStaleWAL),
		elsewhere("file cut in page 1", with(folded, func(t *testing.T, file string) { cut(t, file, 2000) }), wire.CodeStaleWAL),
	})
}

// No log that SQLite would read, beside a file that it may have been of.
func TestCheckLogDamaged(t *testing.T) {
	garbage := func(t *testing.T, file string) { write(t, file+logSuffix, []byte(strings.Repeat("garbage ", 1000))) }
	cutTo := func(size int64) func(*testing.T, string) {
		return func(t *testing.T, file string) { cut(t, file+logSuffix, size) }
	}
	testLogs(t, []logCase{
		here("garbage", with(liveLog, garbage), wire.CodeStaleWAL),
		elsewhere("garbage, file replaced", with(liveLog, garbage), wire.CodeStaleWAL),
		here("one byte", with(liveLog, cutTo(1)), wire.CodeStaleWAL),
		here("header only", with(liveLog, cutTo(logHeaderSize)), wire.CodeStaleWAL),
		here("no commit", with(liveLog, cutTo(logHeaderSize+frameHeaderSize+4096)), wire.CodeStaleWAL),
		elsewhere("folded, header damaged", with(folded, func(t *testing.T, file string) {
			patch(t, file+logSuffix, 20, 1, 2, 3)
		}), wire.CodeStaleWAL),
		elsewhere("folded, first frame damaged", with(folded, func(t *testing.T, file string) {
			patch(t, file+logSuffix, logHeaderSize+frameHeaderSize+3000, 1, 2, 3)
		}), wire.CodeStaleWAL),
		elsewhere("a link", with(liveLog, func(t *testing.T, file string) {
			mustRemove(t, file+logSuffix)
			ostest.Symlink(t, liveLog(t)+logSuffix, file+logSuffix)
		}), wire.CodeIOError),
	})
}

// The reason for refusing a log beside an empty file: SQLite deletes it.
func TestSQLiteDeletesTheLogOfAnEmptyFile(t *testing.T) {
	file := liveLog(t)
	write(t, file, nil)
	writer(t, file, "SELECT count(*) FROM sqlite_schema")
	if size, err := LogSize(file); size != 0 || err != nil {
		t.Errorf("LogSize = %d, %v after an open, want 0: CheckLog need not refuse any more", size, err)
	}
}

package dbfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/wire"
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
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	copy(content[at:], with)
	write(t, file, content)
	if err := os.Chtimes(file, time.Time{}, info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

// closedElsewhere is a marker that was made of another file.
var closedElsewhere = Marker{State: Closed, Existed: true, Identity: Identity{Device: 1, Inode: 1, Size: 1, ModTime: 1}}

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

func TestCheckLog(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T) (file string, closed Marker)
		want wire.Code
	}{
		{"no log", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			mustRemove(t, file+logSuffix)
			return file, closedElsewhere
		}, ""},
		{"empty log", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			write(t, file+logSuffix, nil)
			return file, closedElsewhere
		}, ""},
		{"companion log", func(t *testing.T) (string, Marker) { return liveLog(t), closedElsewhere }, ""},
		{"companion log without an index", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			mustRemove(t, file+indexSuffix)
			return file, closedElsewhere
		}, ""},
		{"rows changed at this path", func(t *testing.T) (string, Marker) {
			file := rowsOnly(t)
			return file, Marker{State: Closed, Existed: true, Identity: identify(t, file)}
		}, ""},
		{"rows changed, index gone", func(t *testing.T) (string, Marker) {
			file := rowsOnly(t)
			mustRemove(t, file+indexSuffix)
			return file, Marker{State: Closed, Existed: true, Identity: identify(t, file)}
		}, wire.CodeStaleWAL},
		{"rows changed, index of another log", func(t *testing.T) (string, Marker) {
			file := rowsOnly(t)
			copyFile(t, rowsOnly(t)+indexSuffix, file+indexSuffix)
			return file, Marker{State: Closed, Existed: true, Identity: identify(t, file)}
		}, wire.CodeStaleWAL},
		{"rows changed, file replaced", func(t *testing.T) (string, Marker) {
			return rowsOnly(t), closedElsewhere
		}, wire.CodeStaleWAL},
		{"rows changed, marker damaged", func(t *testing.T) (string, Marker) {
			return rowsOnly(t), Marker{State: Closed, Existed: true, Damaged: true}
		}, wire.CodeStaleWAL},
		{"log of another database", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			copyFile(t, liveLog(t)+logSuffix, file+logSuffix)
			return file, closedElsewhere
		}, ""}, // same history, equal but for random rows: not to be told apart
		{"log of a database with another schema", func(t *testing.T) (string, Marker) {
			file, other := liveLog(t), filepath.Join(t.TempDir(), "b.db")
			first := writer(t, other, "PRAGMA journal_mode=WAL", "CREATE TABLE t(id INTEGER PRIMARY KEY, other)")
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			writer(t, other, grow)
			copyFile(t, other+logSuffix, file+logSuffix)
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"log folded whole", func(t *testing.T) (string, Marker) {
			return folded(t), closedElsewhere
		}, ""},
		{"log folded whole, then the file grew", func(t *testing.T) (string, Marker) {
			file := folded(t)
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			cut(t, file, info.Size()+4096)
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"log folded whole, then a row changed", func(t *testing.T) (string, Marker) {
			file := folded(t)
			patch(t, file, 2*4096-1, 3)
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"log folded in part", func(t *testing.T) (string, Marker) {
			return foldedInPart(t), closedElsewhere
		}, ""},
		{"log folded in part, then a row changed", func(t *testing.T) (string, Marker) {
			file := foldedInPart(t)
			patch(t, file, 2*4096-1, 3)
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"file written after the log", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			later := time.Now().Add(time.Hour)
			if err := os.Chtimes(file, later, later); err != nil {
				t.Fatal(err)
			}
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"file further on than the log", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			patch(t, file, changeCounterAt+3, 77)
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"file without log mode", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			patch(t, file, writeVersionAt, 1, 1)
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"another page size", func(t *testing.T) (string, Marker) {
			file, other := liveLog(t), filepath.Join(t.TempDir(), "b.db")
			writer(t, other, "PRAGMA page_size=8192", "PRAGMA journal_mode=WAL", "CREATE TABLE t(x)")
			copyFile(t, other+logSuffix, file+logSuffix)
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"empty file", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			write(t, file, nil)
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"missing file", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			mustRemove(t, file)
			return file, Marker{State: Closed}
		}, wire.CodeStaleWAL},
		{"text file", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			write(t, file, []byte(strings.Repeat("no database ", 1000)))
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"cut file", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			cut(t, file, 2000)
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"garbage in the log", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			write(t, file+logSuffix, []byte(strings.Repeat("garbage ", 1000)))
			return file, Marker{State: Closed, Existed: true, Identity: identify(t, file)}
		}, wire.CodeStaleWAL},
		{"one byte of log", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			cut(t, file+logSuffix, 1)
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"header only", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			cut(t, file+logSuffix, logHeaderSize)
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"no commit", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			cut(t, file+logSuffix, logHeaderSize+frameHeaderSize+4096)
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"first frame damaged", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			patch(t, file+logSuffix, logHeaderSize+frameHeaderSize+3000, 1, 2, 3)
			return file, closedElsewhere
		}, wire.CodeStaleWAL},
		{"last frame damaged", func(t *testing.T) (string, Marker) {
			file := liveLog(t)
			size, err := LogSize(file)
			if err != nil {
				t.Fatal(err)
			}
			patch(t, file+logSuffix, int(size)-8, 1, 2, 3)
			return file, closedElsewhere
		}, ""},
		{"log is a link", func(t *testing.T) (string, Marker) {
			file, other := liveLog(t), liveLog(t)
			mustRemove(t, file+logSuffix)
			symlink(t, other+logSuffix, file+logSuffix)
			return file, closedElsewhere
		}, wire.CodeIOError},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file, closed := test.make(t)
			before := digest(t, file)
			err := CheckLog(file, closed, identify(t, file))
			if got := wire.ErrorCode(err); got != test.want {
				t.Errorf("CheckLog = %v, want code %q", err, test.want)
			}
			if test.want == wire.CodeStaleWAL && !strings.Contains(err.Error(), "a.db-wal") {
				t.Errorf("CheckLog = %v, want the log's name in it", err)
			}
			if after := digest(t, file); after != before {
				t.Errorf("CheckLog changed files:\n%s\nwant\n%s", after, before)
			}
		})
	}
}

// rowsOnly returns a database whose log holds no page 1.
func rowsOnly(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.db")
	writer(t, file, "PRAGMA journal_mode=WAL", "CREATE TABLE t(id INTEGER PRIMARY KEY, x)",
		"INSERT INTO t VALUES (1, 1)", "PRAGMA wal_checkpoint(TRUNCATE)", "UPDATE t SET x = 2")
	return snapshot(t, file)
}

// folded returns a database whose log, without page 1, is in the file already.
func folded(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.db")
	writer(t, file, "PRAGMA journal_mode=WAL", "CREATE TABLE t(id INTEGER PRIMARY KEY, x)",
		"INSERT INTO t VALUES (1, 1)", "PRAGMA wal_checkpoint(TRUNCATE)",
		"UPDATE t SET x = 2", "PRAGMA wal_checkpoint(PASSIVE)")
	return snapshot(t, file)
}

// foldedInPart returns a database whose log was folded up to a reader's view.
func foldedInPart(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.db")
	conn := writer(t, file, "PRAGMA journal_mode=WAL", "CREATE TABLE t(id INTEGER PRIMARY KEY, x)", "CREATE TABLE u(y)",
		"INSERT INTO t VALUES (1, 1)", "INSERT INTO u VALUES (1)", "PRAGMA wal_checkpoint(TRUNCATE)",
		"UPDATE t SET x = 2", "PRAGMA user_version = 5")
	writer(t, file, "BEGIN", "SELECT * FROM t")
	run(t, conn, "UPDATE u SET y = 2", "PRAGMA wal_checkpoint(PASSIVE)")
	return snapshot(t, file)
}

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
		content, err := os.ReadFile(filepath.Join(filepath.Dir(file), entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, entry.Name(), info.Mode(), info.ModTime(), len(content), checksum{}.add(binary.LittleEndian, content))
	}
	return b.String()
}

// history runs random work on a database, with two writers and a reader that
// makes checkpoints stop half way, and calls look after each step.
func history(t *testing.T, pageSize, steps int, look func(file, deed string, random *rand.Rand)) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(pageSize)))
	file := filepath.Join(t.TempDir(), "a.db")
	writers := []*sqlite3.Conn{
		writer(t, file, fmt.Sprintf("PRAGMA page_size=%d", pageSize), "PRAGMA auto_vacuum=INCREMENTAL", "PRAGMA journal_mode=WAL"),
		writer(t, file, "PRAGMA cache_size=3"), // spills
	}
	reader := writer(t, file)
	run(t, writers[0], "CREATE TABLE t(id INTEGER PRIMARY KEY, x)")
	deeds := []string{grow, grow, "DELETE FROM t WHERE id % 3 = 0", "UPDATE t SET x = randomblob(700)",
		"UPDATE t SET x = randomblob(500) WHERE id = (SELECT max(id) FROM t)",
		"CREATE TABLE IF NOT EXISTS u(y)", "DROP TABLE IF EXISTS u", "PRAGMA user_version=%d",
		"PRAGMA wal_checkpoint(PASSIVE)", "PRAGMA wal_checkpoint(RESTART)", "PRAGMA wal_checkpoint(TRUNCATE)",
		"PRAGMA incremental_vacuum(2)", "VACUUM"}
	for step := range steps {
		deed := deeds[random.IntN(len(deeds))]
		if strings.Contains(deed, "%d") {
			deed = fmt.Sprintf(deed, step)
		}
		switch random.IntN(6) {
		case 0:
			_ = reader.Exec("ROLLBACK") // there may be nothing to roll back
		case 1:
			_ = reader.Exec("BEGIN; SELECT count(*) FROM t")
		}
		_ = writers[random.IntN(2)].Exec(deed) // busy is fine
		look(snapshot(t, file), deed, random)
	}
}

// A log that was written on a closed file is accepted at every moment, and
// much of it is accepted without the index too.
func TestCheckLogAcceptsWhatSQLiteWrites(t *testing.T) {
	for _, pageSize := range []int{512, 4096, 65536} {
		t.Run(fmt.Sprint(pageSize), func(t *testing.T) {
			logs, proven := 0, 0
			history(t, pageSize, 150, func(file, deed string, _ *rand.Rand) {
				index, err := os.ReadFile(file + indexSuffix)
				if err != nil {
					t.Fatal(err)
				}
				if h, ok := parseIndexHeader(index); !ok || h.lastFrame == 0 || h.pageSize != pageSize {
					return // started over: nothing of the log counts
				}
				logs++
				closed := Marker{State: Closed, Existed: true, Identity: identify(t, file)}
				if err := CheckLog(file, closed, closed.Identity); err != nil {
					t.Errorf("after %s: %v", deed, err)
				}
				if CheckLog(file, closedElsewhere, identify(t, file)) == nil {
					proven++
				}
			})
			t.Logf("%d logs, %d proven without the index", logs, proven)
			if logs < 50 || proven < logs/3 {
				t.Errorf("%d of %d logs proven without the index, want more", proven, logs)
			}
		})
	}
}

// A log that counts as folded, beside whatever file, shows what one of the
// two showed before, never a mixture.
func TestFoldedProofIsSound(t *testing.T) {
	type moment struct{ file, rows string }
	var past []moment
	pairs, accepted := 0, 0
	history(t, 1024, 100, func(file, deed string, random *rand.Rand) {
		past = append(past, moment{file, rows(t, file)})
		for range 4 {
			base, log := past[random.IntN(len(past))], past[random.IntN(len(past))]
			if size, err := LogSize(log.file); err != nil || size == 0 {
				continue
			}
			pairs++
			mixed := filepath.Join(t.TempDir(), "a.db")
			copyFile(t, base.file, mixed)
			copyFile(t, log.file+logSuffix, mixed+logSuffix)
			later := time.Now().Add(time.Hour) // leaves only the proof by content
			if err := os.Chtimes(mixed, later, later); err != nil {
				t.Fatal(err)
			}
			if CheckLog(mixed, closedElsewhere, identify(t, mixed)) != nil {
				continue
			}
			accepted++
			bare := filepath.Join(t.TempDir(), "a.db")
			copyFile(t, base.file, bare)
			if got := rows(t, mixed); got != log.rows && got != rows(t, bare) {
				t.Errorf("after %s: a log of %s was accepted beside %s and shows neither", deed, log.file, base.file)
			}
		}
	})
	t.Logf("%d pairs, %d accepted", pairs, accepted)
	if accepted < 5 {
		t.Errorf("%d of %d pairs accepted, want some", accepted, pairs)
	}
}

// rows describes what a copy of a database shows, and whether it is whole.
func rows(t *testing.T, file string) string {
	t.Helper()
	copied := snapshot(t, file)
	conn, err := sqlite3.Open(copied)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var b strings.Builder
	for _, sql := range []string{"SELECT * FROM pragma_integrity_check", "SELECT sql FROM sqlite_schema ORDER BY name",
		"SELECT id || hex(x) FROM t ORDER BY id", "PRAGMA user_version"} {
		stmt, _, err := conn.Prepare(sql)
		if err != nil {
			fmt.Fprintln(&b, err)
			continue
		}
		for stmt.Step() {
			b.WriteString(stmt.ColumnText(0) + "\n")
		}
		fmt.Fprintln(&b, stmt.Close())
	}
	return b.String()
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

// The first commit after the switch to WAL, and a log in the other byte
// order.
func TestCheckLogFirstCommit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	writer(t, file, "PRAGMA journal_mode=WAL", "CREATE TABLE t(x)")
	copied := snapshot(t, file)
	if err := CheckLog(copied, Marker{State: Closed}, identify(t, copied)); err != nil {
		t.Errorf("CheckLog = %v, want nil", err)
	}
	swapChecksums(t, copied+logSuffix)
	if err := CheckLog(copied, Marker{State: Closed}, identify(t, copied)); err != nil {
		t.Errorf("CheckLog of the log in the other byte order = %v, want nil", err)
	}
}

// swapChecksums rewrites a log as a machine of the other byte order would
// have written it.
func swapChecksums(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, ok := parseLogHeader(content)
	if !ok {
		t.Fatal("no valid header")
	}
	content[3] ^= 1
	order := binary.ByteOrder(binary.BigEndian)
	if head.order == order {
		order = binary.LittleEndian
	}
	put := func(at int, sum checksum) {
		binary.BigEndian.PutUint32(content[at:], sum[0])
		binary.BigEndian.PutUint32(content[at+4:], sum[1])
	}
	sum := checksum{}.add(order, content[:24])
	put(24, sum)
	for at := logHeaderSize; at < len(content); at += frameHeaderSize + head.pageSize {
		image := content[at+frameHeaderSize : at+frameHeaderSize+head.pageSize]
		sum = sum.add(order, content[at:at+8]).add(order, image)
		put(at+16, sum)
	}
	write(t, path, content)
}

func FuzzLog(f *testing.F) {
	file := liveLog(f)
	log, err := os.ReadFile(file + logSuffix)
	if err != nil {
		f.Fatal(err)
	}
	index, err := os.ReadFile(file + indexSuffix)
	if err != nil {
		f.Fatal(err)
	}
	pageOne, why, err := readPageOne(file)
	if err != nil || why != "" {
		f.Fatal(why, err)
	}
	f.Add(log, pageOne, index[:2*indexHeaderSize])
	f.Add(log[:logHeaderSize+frameHeaderSize+4096], pageOne, index)
	f.Add(log[:logHeaderSize], pageOne[:512], index[:50])
	f.Add([]byte{}, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, log, pageOne, index []byte) {
		if len(pageOne) >= dbHeaderSize { // as readPageOne promises
			c := comparison{pageOne: pageOne, db: bytes.NewReader(pageOne), younger: true}
			if _, err := c.prove(bytes.NewReader(log)); err != nil {
				t.Errorf("prove = %v, want no error without a disk", err)
			}
		}
		if h, ok := parseIndexHeader(index); ok && len(index) < 2*indexHeaderSize {
			t.Errorf("parseIndexHeader = %+v of %d bytes, want refused", h, len(index))
		}
		r, ok, err := newLogReader(bytes.NewReader(log))
		if err != nil {
			t.Fatal(err)
		}
		for frames := 0; ok; frames++ {
			if frames > len(log)/(frameHeaderSize+512) {
				t.Fatalf("%d frames in %d bytes", frames, len(log))
			}
			if _, ok, err = r.next(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

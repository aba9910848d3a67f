//go:build unix

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// lostBatches is what the daemon says when somebody has destroyed what it had
// acknowledged.
const lostBatches = "acknowledged batches are lost"

// victim is a daemon with a.db, whose files are tampered with, and b.db, which
// clients write to all the time.
type victim struct {
	*harness.Daemon
	t     *testing.T
	c     *harness.Conn
	load  *load
	rows  int // of a.db, acknowledged
	epoch string
}

func startVictim(t *testing.T, allow ...string) *victim {
	t.Helper()
	d, c := withT(t, harness.Config{Allow: allow}, "a.db", "b.db")
	v := &victim{Daemon: d, t: t, c: c, load: startLoad(t, d, "b.db", 2)}
	for range 5 {
		v.insert()
	}
	v.epoch = *c.OK(harness.Command(wire.TypePing, "a.db")).Epoch
	return v
}

// insert adds a row that must be acknowledged.
func (v *victim) insert() {
	v.t.Helper()
	v.c.OK(harness.Batch("a.db", insertT(1, v.rows)))
	v.rows++
}

// refused is what a batch gets now.
func (v *victim) refused(code wire.Code, retryable bool) *wire.Reply {
	v.t.Helper()
	reply := v.c.Refused(harness.Batch("a.db", insertT(1, v.rows)), code)
	if *reply.Retryable != retryable {
		v.t.Errorf("%s %q: retryable %v, want %v", code, reply.Message, *reply.Retryable, retryable)
	}
	return reply
}

// inFile moves all rows into the file, as another process, while the daemon
// has it open.
func (v *victim) inFile() {
	v.t.Helper()
	o := harness.Open(v.t, v.File("a.db"), "rw")
	defer o.Close()
	if busy := o.Text(`PRAGMA wal_checkpoint(TRUNCATE)`); busy != "0" {
		v.t.Fatal("the log is not empty")
	}
	v.c.OK(harness.Batch("a.db", `SELECT 1`)) // and the daemon sees it
}

func (v *victim) remove(suffix string) {
	v.t.Helper()
	if err := os.Remove(v.File("a.db" + suffix)); err != nil {
		v.t.Fatal(err)
	}
}

func (v *victim) truncate(suffix string, size int64) {
	v.t.Helper()
	if err := os.Truncate(v.File("a.db"+suffix), size); err != nil {
		v.t.Fatal(err)
	}
}

// end checks what is left: the other database lost nothing and was never kept
// waiting, and the daemon ends well.
func (v *victim) end() {
	v.t.Helper()
	v.load.await(v.load.count.Load() + 20)
	v.Shutdown()
	v.load.check(v.File("b.db"))
}

// wantEpoch checks whether it is still the same.
func (v *victim) wantEpoch(same bool) {
	v.t.Helper()
	if now := *v.c.OK(harness.Command(wire.TypePing, "a.db")).Epoch; (now == v.epoch) != same {
		v.t.Errorf("the epoch is still the same: %v, want %v", now == v.epoch, same)
	}
}

// Whoever removes, replaces or cuts off what SQLite needs beside the file
// takes nothing: the next batch is just a batch.
func TestSideFilesTamperedWith(t *testing.T) {
	t.Parallel()
	for what, do := range map[string]func(v *victim){
		"log removed":           func(v *victim) { v.remove("-wal") },
		"index removed":         func(v *victim) { v.remove("-shm") },
		"log and index removed": func(v *victim) { v.remove("-wal"); v.remove("-shm") },
		"index cut off":         func(v *victim) { v.truncate("-shm", 0) },
		"log cut off, when all was in the file": func(v *victim) {
			v.inFile()
			v.truncate("-wal", 0)
		},
	} {
		t.Run(what, func(t *testing.T) {
			v := startVictim(t)
			for range 3 {
				do(v)
				v.insert()
				wantCount(t, v.Daemon, "a.db", v.rows)
				v.wantEpoch(true)
			}
			do(v) // and the daemon ends
			v.end()
			wantCount(t, v.Daemon, "a.db", v.rows)
		})
	}
}

// Beside a reader that has the files open which are gone, nobody writes until
// it lets go. It keeps its view, and what was acknowledged outlives a kill of
// the daemon meanwhile.
func TestSideFilesTamperedWithBesideAReader(t *testing.T) {
	t.Parallel()
	for what, do := range map[string]func(v *victim){
		"log removed":           func(v *victim) { v.remove("-wal") },
		"index removed":         func(v *victim) { v.remove("-shm") },
		"log and index removed": func(v *victim) { v.remove("-wal"); v.remove("-shm") },
	} {
		for _, kill := range []bool{false, true} {
			t.Run(fmt.Sprint(what, ", kill ", kill), func(t *testing.T) {
				v := startVictim(t)
				reader := harness.Open(t, v.File("a.db"), "ro")
				reader.Exec(`BEGIN`)
				rows := reader.Int(`SELECT count(*) FROM t`)
				v.insert()
				do(v)
				for range 3 {
					reply := v.refused(wire.CodeIOError, true)
					if !strings.Contains(reply.Message, "another process still has it open") {
						t.Errorf("the message is %q", reply.Message)
					}
				}
				if got := reader.Int(`SELECT count(*) FROM t`); got != rows {
					t.Errorf("the reader sees %d rows, want %d", got, rows)
				}
				if kill {
					v.load.await(v.load.count.Load() + 20)
					v.Crash()
					v.load.check(v.File("b.db"))
					reader.Close()
					v.Restart()
					v.c = v.Dial()
				} else {
					reader.Close()
				}
				v.insert()
				wantCount(t, v.Daemon, "a.db", v.rows)
				v.wantEpoch(true)
				if !kill {
					v.end()
				}
			})
		}
	}
}

// A log that is cut off takes what was in it alone. The daemon says so, in its
// log and by a new epoch, and goes on with what is left.
func TestLogCutOff(t *testing.T) {
	t.Parallel()
	v := startVictim(t, lostBatches)
	v.inFile()
	kept := v.rows
	reader := harness.Open(t, v.File("a.db"), "ro")
	reader.Exec(`BEGIN`)
	reader.Int(`SELECT count(*) FROM t`) // keeps the rest in the log
	for range 3 {
		v.insert()
	}
	v.truncate("-wal", 0)
	v.refused(wire.CodeIOError, true)
	reader.Close()
	v.rows = kept
	v.insert()
	wantCount(t, v.Daemon, "a.db", kept+1)
	v.wantEpoch(false)
	if !strings.Contains(v.Log(), lostBatches) {
		t.Error("the daemon's log does not tell of the loss")
	}
	v.end()
}

// A file that is removed is gone with what it held. The next batch makes a new
// one, which is another epoch and has nothing of the old one.
func TestDatabaseRemovedWhileOpen(t *testing.T) {
	t.Parallel()
	v := startVictim(t)
	v.remove("")
	v.refused(wire.CodeSQLError, false) // no such table
	v.c.OK(harness.Batch("a.db", createT))
	v.rows = 0
	v.insert()
	wantCount(t, v.Daemon, "a.db", 1)
	v.wantEpoch(false)
	v.end()
}

// The open file is written over in place or cut off: nothing that was cached
// is written into it. A good file heals it in the usual way.
func TestDatabaseOverwrittenWhileOpen(t *testing.T) {
	t.Parallel()
	for what, do := range map[string]func(v *victim){
		"cut off":    func(v *victim) { v.truncate("", 8192) },
		"noise":      func(v *victim) { writeFile(v.t, v.File("a.db"), strings.Repeat("no database ", 3000)) },
		"mere bytes": func(v *victim) { writeFile(v.t, v.File("a.db"), "x") },
	} {
		t.Run(what, func(t *testing.T) {
			v := startVictim(t)
			v.inFile()
			do(v)
			content := readFile(t, v.File("a.db"))
			for range 3 {
				v.refused(wire.CodeNotADatabase, false)
			}
			if readFile(t, v.File("a.db")) != content {
				t.Error("the file has changed")
			}
			v.wantHealed()
		})
	}
}

// wantHealed closes the database, puts another one there, and reopens it.
func (v *victim) wantHealed() {
	v.t.Helper()
	v.c.OK(harness.Command(wire.TypeCloseDatabase, "a.db"))
	writeFile(v.t, v.File("a.db"), anotherDatabase(v.t))
	v.c.OK(harness.Command(wire.TypeReopenDatabase, "a.db"))
	v.wantAnother()
}

// anotherDatabase returns the content of one with a row in the usual table.
func anotherDatabase(t *testing.T) string {
	t.Helper()
	file := filepath.Join(harness.Dir(t), "another.db")
	maker := harness.Open(t, file, "rwc")
	maker.Exec(createT)
	maker.Exec(insertT(2, 0))
	maker.Close()
	return readFile(t, file)
}

// wantAnother checks that a.db is that one, and takes batches.
func (v *victim) wantAnother() {
	v.t.Helper()
	v.rows = 1
	v.insert()
	wantCount(v.t, v.Daemon, "a.db", 2)
	v.wantEpoch(false)
	v.end()
}

// Another database that is copied over the open one is that database.
func TestDatabaseCopiedOverWhileOpen(t *testing.T) {
	t.Parallel()
	v := startVictim(t)
	v.inFile()
	writeFile(t, v.File("a.db"), anotherDatabase(t))
	v.wantAnother()
}

// As before, while the log holds batches that the old content lacks: they are
// not applied to the other one, and stay where they are.
func TestDatabaseCopiedOverBesideALog(t *testing.T) {
	t.Parallel()
	v := startVictim(t)
	v.inFile()
	reader := harness.Open(t, v.File("a.db"), "ro")
	reader.Exec(`BEGIN`)
	reader.Int(`SELECT count(*) FROM t`) // keeps the rest in the log
	v.insert()
	content := anotherDatabase(t)
	writeFile(t, v.File("a.db"), content)
	log := readFile(t, v.File("a.db-wal"))
	v.refused(wire.CodeIOError, true)
	reader.Kill() // its pages are of two files
	for range 3 {
		v.refused(wire.CodeStaleWAL, false)
	}
	if readFile(t, v.File("a.db")) != content || readFile(t, v.File("a.db-wal")) != log {
		t.Error("file or log has changed")
	}
	if err := os.Rename(v.File("a.db-wal"), filepath.Join(harness.Dir(t), "log")); err != nil {
		t.Fatal(err)
	}
	v.wantAnother()
}

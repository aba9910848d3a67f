//go:build unix

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// The rows of one generation, and what a reader sees of them: their number and
// whether they are all of one kind.
const (
	makeGeneration = `CREATE TABLE t(gen);
	WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM i WHERE n < 3000) INSERT INTO t SELECT 'new' FROM i`
	seeGeneration = `SELECT count(*) || ' ' || min(gen) || ' ' || max(gen) FROM t`
)

// A file that is replaced while a reader has the old one open: the old reader
// keeps its snapshot and never sees a mix, the new file is whole and has an
// epoch of its own.
func TestReplaceUnderOldReader(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	c := d.Dial()
	c.OK(harness.Batch("a.db", `CREATE TABLE t(gen)`, `INSERT INTO t VALUES('old'), ('old')`))
	old := c.OK(harness.Command(wire.TypePing, "a.db"))
	c.OK(harness.Command(wire.TypePrepareForMaintenance, "a.db"))
	reader := harness.Open(t, d.File("a.db"), "ro")
	reader.Exec(`BEGIN`)
	wantSeen(t, reader, "2 old old")
	if reply := c.OK(harness.Command(wire.TypeCloseDatabase, "a.db")); !*reply.ReadersRemaining {
		t.Error("Close does not see the reader")
	}
	incoming := filepath.Join(harness.Dir(t), "incoming.db")
	maker := harness.Open(t, incoming, "rwc")
	maker.Exec(makeGeneration)
	maker.Close()
	if err := os.Rename(incoming, d.File("a.db")); err != nil {
		t.Fatal(err)
	}
	wantSeen(t, reader, "2 old old")
	reopened := c.OK(harness.Command(wire.TypeReopenDatabase, "a.db"))
	if *reopened.Epoch == *old.Epoch || *reopened.Epoch == "" {
		t.Errorf("the new file has the epoch %q, the old one had %q", *reopened.Epoch, *old.Epoch)
	}
	for range 50 {
		c.OK(harness.Batch("a.db", `INSERT INTO t VALUES('new')`))
		wantSeen(t, reader, "2 old old")
	}
	fresh := harness.Open(t, d.File("a.db"), "ro")
	wantSeen(t, fresh, "3050 new new")
	if ok := fresh.Text(`PRAGMA integrity_check`); ok != "ok" {
		t.Errorf("the new file is damaged: %s", ok)
	}
	if epoch := fresh.Text(`SELECT epoch FROM _skylinedb_state`); epoch != *reopened.Epoch {
		t.Errorf("the file has the epoch %q, Reopen told %q", epoch, *reopened.Epoch)
	}
	reader.Exec(`COMMIT`)
	wantSeen(t, reader, "2 old old")
	reader.Close()
	wantSeen(t, fresh, "3050 new new")
}

// A file that is replaced while it is open, without Close, beside a log that a
// reader of the old one keeps: the log is not applied to the new one. When the
// reader has gone and the log is moved away all is well.
func TestReplacedWhileOpenUnderOldReader(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	c := d.Dial()
	c.OK(harness.Batch("a.db", `CREATE TABLE t(gen)`, `INSERT INTO t VALUES('old'), ('old')`))
	reader := harness.Open(t, d.File("a.db"), "ro")
	reader.Exec(`BEGIN`)
	wantSeen(t, reader, "2 old old")
	c.OK(harness.Batch("a.db", `CREATE TABLE more(x)`, `INSERT INTO t VALUES('old')`)) // in the log, which the reader pins
	incoming := filepath.Join(harness.Dir(t), "incoming.db")
	maker := harness.Open(t, incoming, "rwc")
	maker.Exec(makeGeneration)
	maker.Close()
	content := readFile(t, incoming)
	if err := os.Rename(incoming, d.File("a.db")); err != nil {
		t.Fatal(err)
	}
	rows := 3000
	for range 3 {
		reply := c.Ask(harness.Batch("a.db", `INSERT INTO t VALUES('new')`))
		if reply.Err() == nil {
			rows++
		} else if harness.WantCode(t, reply, wire.CodeStaleWAL); rows == 3000 && readFile(t, d.File("a.db")) != content {
			t.Fatal("the new file was written to")
		}
		wantSeen(t, reader, "2 old old")
	}
	reader.Close()
	if exists(t, d.File("a.db-wal")) && rows == 3000 {
		if err := os.Rename(d.File("a.db-wal"), incoming+"-wal"); err != nil {
			t.Fatal(err)
		}
	}
	c.OK(harness.Batch("a.db", `INSERT INTO t VALUES('new')`))
	fresh := harness.Open(t, d.File("a.db"), "ro")
	wantSeen(t, fresh, fmt.Sprintf("%d new new", rows+1))
	if ok := fresh.Text(`PRAGMA integrity_check`); ok != "ok" {
		t.Errorf("the new file is damaged: %s", ok)
	}
}

func wantSeen(t *testing.T, reader *harness.SQLite, want string) {
	t.Helper()
	if got := reader.Text(seeGeneration); got != want {
		t.Fatalf("a reader sees %q, want %q", got, want)
	}
}

// A log that the daemon did not leave and that does not belong to the file is
// kept and keeps the database closed.
func TestStaleLog(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db", "b.db")
	c.OK(harness.Command(wire.TypeCloseDatabase, "a.db"))
	reader := harness.Open(t, d.File("b.db"), "ro")
	reader.Exec(`BEGIN`)
	reader.Int(`SELECT count(*) FROM t`) // keeps the log from being emptied
	c.OK(harness.Batch("b.db", insertT(1, 1)))
	log := readFile(t, d.File("b.db-wal"))
	if log == "" {
		t.Fatal("there is no log to take")
	}
	writeFile(t, d.File("a.db-wal"), log)
	c.Refused(harness.Command(wire.TypeReopenDatabase, "a.db"), wire.CodeStaleWAL)
	wantState(t, c, "a.db", "closed")
	if readFile(t, d.File("a.db-wal")) != log {
		t.Error("the log has changed")
	}
	if err := os.Remove(d.File("a.db-wal")); err != nil {
		t.Fatal(err)
	}
	c.OK(harness.Command(wire.TypeReopenDatabase, "a.db"))
	c.OK(harness.Batch("a.db", insertT(1, 1)))
}

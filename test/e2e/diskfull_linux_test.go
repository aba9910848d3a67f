package e2e

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// smallDisk starts a daemon in whose directory the folder "small" is a file
// system of 4 MiB.
func smallDisk(t *testing.T) (*harness.Daemon, *harness.Conn) {
	t.Helper()
	d := harness.Start(t, harness.Config{})
	harness.Mount(t, mkdir(t, d.Dir, "small"), "size=4m")
	return d, d.Dial()
}

// fill writes a file until the disk has no room left.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for chunk := make([]byte, 4096); err == nil; {
		_, err = f.Write(chunk)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// twoRows is a batch that adds a row of 64 KiB to each of two tables.
func twoRows(db string) string {
	return harness.Batch(db, `INSERT INTO t VALUES(zeroblob(65536))`, `INSERT INTO u VALUES(zeroblob(65536))`)
}

// A disk that fills up under a database stops its batches and nothing else:
// each one is there wholly or not at all, and all goes on when there is room.
func TestDiskFills(t *testing.T) {
	t.Parallel()
	d, c := smallDisk(t)
	writeFile(t, d.File("small/ballast"), string(make([]byte, 1<<20)))
	for _, db := range []string{"small/a.db", "b.db"} {
		c.OK(harness.Batch(db, `CREATE TABLE t(x)`, `CREATE TABLE u(x)`))
	}
	acked := 0
	var reply *wire.Reply
	for reply = c.Ask(twoRows("small/a.db")); reply.Err() == nil; reply = c.Ask(twoRows("small/a.db")) {
		acked++
	}
	for range 3 {
		harness.WantCode(t, reply, wire.CodeDiskFull)
		if !*reply.Retryable {
			t.Error("a full disk is not retryable")
		}
		c.OK(twoRows("b.db"))
		reply = c.Ask(twoRows("small/a.db"))
	}
	reader := harness.Open(t, d.File("small/a.db"), "ro")
	for _, table := range []string{"t", "u"} {
		if n := int(reader.Int(`SELECT count(*) FROM ` + table)); n != acked {
			t.Errorf("%s has %d rows, and %d batches were acknowledged", table, n, acked)
		}
	}
	reader.Close()
	if err := os.Remove(d.File("small/ballast")); err != nil {
		t.Fatal(err)
	}
	c.OK(twoRows("small/a.db"))
	d.Shutdown()
	harness.CheckIntegrity(t, d.File("small/a.db"))
}

// On a disk without any room a new database cannot be made, an old one cannot
// be written, and both can as soon as there is some.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	d, c := smallDisk(t)
	c.OK(harness.Batch("small/a.db", createT))
	fill(t, d.File("small/ballast"))
	c.Refused(harness.Batch("small/new.db", createT), wire.CodeDiskFull)
	c.Refused(harness.Batch("small/a.db", `INSERT INTO t VALUES(zeroblob(1000000), 1)`), wire.CodeDiskFull)
	d.Crash() // a new daemon opens the database on the full disk
	d.Restart()
	c = d.Dial()
	c.Refused(harness.Batch("small/new.db", createT), wire.CodeDiskFull)
	c.Refused(harness.Batch("small/a.db", `INSERT INTO t VALUES(zeroblob(1000000), 1)`), wire.CodeDiskFull)
	c.OK(harness.Batch("b.db", createT))
	if err := os.Remove(d.File("small/ballast")); err != nil {
		t.Fatal(err)
	}
	c.OK(harness.Batch("small/new.db", createT))
	c.OK(harness.Batch("small/a.db", insertT(1, 1)))
	wantCount(t, d, "small/a.db", 1)
	d.Shutdown()
	harness.CheckIntegrity(t, d.File("small/a.db"))
}

// A maintenance state that cannot be made durable is not entered.
func TestMarkerOnFullDisk(t *testing.T) {
	t.Parallel()
	d, c := smallDisk(t)
	c.OK(harness.Batch("small/a.db", createT))
	fill(t, d.File("small/ballast"))
	c.Refused(harness.Command(wire.TypePrepareForMaintenance, "small/a.db"), wire.CodeDiskFull)
	wantState(t, c, "small/a.db", "open")
	c.Refused(harness.Command(wire.TypeCloseDatabase, "small/a.db"), wire.CodeDiskFull)
	wantState(t, c, "small/a.db", "open")
	if err := os.Remove(d.File("small/ballast")); err != nil {
		t.Fatal(err)
	}
	c.OK(harness.Batch("small/a.db", insertT(1, 1)))
	c.OK(harness.Command(wire.TypeCloseDatabase, "small/a.db"))
	d.Shutdown()
}

package e2e

import (
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// A reader that keeps its snapshot pins the log: writes go on, the log grows
// for all to see, and Prepare says what is in its way and changes nothing.
func TestReaderPinsTheLog(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db", "b.db")
	reader := harness.Open(t, d.File("a.db"), "ro")
	reader.Exec(`BEGIN`)
	before := reader.Int(`SELECT count(*) FROM t`)
	growLog(t, c)
	if n := reader.Int(`SELECT count(*) FROM t`); n != before {
		t.Errorf("the snapshot had %d rows and has %d", before, n)
	}
	prepare := d.Dial()
	if err := prepare.Send(harness.Command(wire.TypePrepareForMaintenance, "a.db")); err != nil {
		t.Fatal(err)
	}
	c.OK(harness.Batch("b.db", insertT(1, 1))) // nobody waits with it
	reply := prepare.Reply()
	harness.WantCode(t, reply, wire.CodeCheckpointBusy)
	if !*reply.Retryable {
		t.Error("CHECKPOINT_BUSY is not retryable")
	}
	wantState(t, c, "a.db", "open")
	c.OK(harness.Batch("a.db", insertT(1, 1)))
	reader.Exec(`COMMIT`)
	c.OK(harness.Command(wire.TypePrepareForMaintenance, "a.db"))
	if size := c.Database("a.db").WALBytes; size != 0 {
		t.Errorf("the log has %d bytes after Prepare", size)
	}
	if n := reader.Int(`SELECT count(*) FROM t`); n != 101 {
		t.Errorf("the reader sees %d rows, want 101", n)
	}
}

// growLog writes 100 rows, over which the log of a.db must grow all the time.
func growLog(t *testing.T, c *harness.Conn) {
	t.Helper()
	size := c.Database("a.db").WALBytes
	for range 5 {
		for range 20 {
			c.OK(harness.Batch("a.db", `INSERT INTO t VALUES(zeroblob(100000), 1)`))
		}
		now := c.Database("a.db").WALBytes
		if now <= size {
			t.Errorf("the log has %d bytes, and had %d before", now, size)
		}
		size = now
	}
	if size < 8_000_000 {
		t.Errorf("the log has %d bytes, and it cannot have been emptied", size)
	}
}

// A reader may come at any time: while the daemon runs, when the database is
// closed, and when no daemon is there.
func TestReaderAtAnyTime(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	c.OK(harness.Batch("a.db", insertT(1, 1)))
	wantCount(t, d, "a.db", 1)
	c.OK(harness.Command(wire.TypePrepareForMaintenance, "a.db"))
	wantCount(t, d, "a.db", 1)
	c.OK(harness.Command(wire.TypeCloseDatabase, "a.db"))
	wantCount(t, d, "a.db", 1)
	c.OK(harness.Command(wire.TypeReopenDatabase, "a.db"))
	c.OK(harness.Batch("a.db", insertT(1, 2)))
	d.Crash()
	wantCount(t, d, "a.db", 2)
	d.Restart()
	d.Shutdown()
	wantCount(t, d, "a.db", 2)
}

// Close tells whether another process has the file open, and with
// require_exclusive does nothing if so.
func TestReadersRemaining(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	reader := harness.Open(t, d.File("a.db"), "ro")
	reader.Int(`SELECT count(*) FROM t`)
	exclusive := harness.With(harness.Command(wire.TypeCloseDatabase, "a.db"), "require_exclusive", true)
	c.Refused(exclusive, wire.CodeReadersRemain)
	wantState(t, c, "a.db", "open")
	c.OK(harness.Batch("a.db", insertT(1, 1)))
	if reply := c.OK(harness.Command(wire.TypeCloseDatabase, "a.db")); !*reply.ReadersRemaining {
		t.Error("Close does not see the reader")
	}
	if n := reader.Int(`SELECT count(*) FROM t`); n != 1 {
		t.Errorf("the reader sees %d rows, want 1", n)
	}
	c.Refused(exclusive, wire.CodeReadersRemain)
	reader.Close()
	if reply := c.OK(exclusive); *reply.ReadersRemaining || !reply.Already {
		t.Errorf("after the reader has gone, Close says %+v", reply)
	}
	for _, left := range []string{"-wal", "-shm"} {
		wantGone(t, d.File("a.db"+left))
	}
}

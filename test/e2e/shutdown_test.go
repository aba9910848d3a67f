package e2e

import (
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// wantCleanEnd checks what a daemon that has ended well leaves of a database.
func wantCleanEnd(t *testing.T, d *harness.Daemon, db string) {
	t.Helper()
	wantGone(t, d.Socket)
	wantGone(t, d.File(db)+"-wal")
	wantGone(t, d.File(db)+"-shm")
}

// Shutdown under load: what was acknowledged is in the file, the log is gone.
func TestShutdownUnderLoad(t *testing.T) {
	t.Parallel()
	d, _ := withT(t, harness.Config{}, "a.db", "b.db")
	a, b := startLoad(t, d, "a.db", 4), startLoad(t, d, "b.db", 2)
	a.await(300)
	b.await(100)
	d.Shutdown()
	for db, l := range map[string]*load{"a.db": a, "b.db": b} {
		wantCleanEnd(t, d, db)
		l.check(d.File(db))
	}
}

// While the daemon ends, a request is told so and may be sent again; what was
// accepted before is finished.
func TestShuttingDown(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db", "b.db")
	holder := holdLock(t, d, "a.db")
	waiting := blocked(t, d, "a.db")
	if err := c.Send(harness.Command(wire.TypeShutdown, "")); err != nil {
		t.Fatal(err)
	}
	other := d.Dial()
	harness.Await(t, "the daemon says that it ends", func() bool {
		reply := other.Ask(harness.Batch("b.db", insertT(1, 1)))
		if reply.Err() != nil {
			harness.WantCode(t, reply, wire.CodeShuttingDown)
		}
		return reply.Err() != nil
	})
	other.Refused(harness.Batch("new.db", createT), wire.CodeShuttingDown)
	other.Refused(harness.Command(wire.TypeCloseDatabase, "b.db"), wire.CodeShuttingDown)
	d.Dial().Refused(harness.Batch("b.db", insertT(1, 1)), wire.CodeShuttingDown)
	holder.Exec(`ROLLBACK`)
	holder.Close()
	for _, w := range waiting {
		if err := w.Reply().Err(); err != nil {
			t.Error(err)
		}
	}
	if err := c.Reply().Err(); err != nil {
		t.Error(err)
	}
	d.WantExit(0)
	wantCleanEnd(t, d, "a.db")
	wantCount(t, d, "a.db", len(waiting))
}

// Two that shut the daemon down at once both succeed or are told that it ends.
func TestShutdownTwice(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	first, second := d.Dial(), d.Dial()
	body := harness.Command(wire.TypeShutdown, "")
	for _, c := range []*harness.Conn{first, second} {
		if err := c.Send(body, body); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Reply().Err(); err != nil {
		t.Error(err)
	}
	if reply, err := second.Receive(); err == nil && reply.Err() != nil {
		harness.WantCode(t, reply, wire.CodeShuttingDown)
	}
	d.WantExit(0)
}

// A client in the middle of a frame, and one that is just told that its frame
// is too large, do not keep the daemon from ending well.
func TestShutdownWithHalfFrame(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	half, large := d.Dial(), d.Dial()
	frame := harness.Frame(harness.Batch("a.db", insertT(1, 1)))
	if _, err := half.Write(frame[:len(frame)/2]); err != nil {
		t.Fatal(err)
	}
	if _, err := large.Write(header(1 << 31)); err != nil {
		t.Fatal(err)
	}
	harness.WantCode(t, large.Reply(), wire.CodeFrameTooLarge)
	c.OK(harness.Command(wire.TypeShutdown, ""))
	half.WantEnd()
	d.WantExit(0)
	wantCleanEnd(t, d, "a.db")
	wantCount(t, d, "a.db", 0)
}

package e2e

import (
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// After kill -9 what was acknowledged is there, and rev and epoch go on.
func TestCrashUnderLoad(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	before := c.OK(harness.Command(wire.TypePing, "a.db"))
	l := startLoad(t, d, "a.db", 4)
	l.await(300)
	d.Crash()
	d.Restart()
	after := d.Dial().OK(harness.Command(wire.TypePing, "a.db"))
	l.check(d.File("a.db"))
	rows := int64(count(t, d, "a.db"))
	if *after.Epoch != *before.Epoch || *after.Rev != *before.Rev+rows {
		t.Errorf("got rev %d of epoch %s after %d batches from rev %d of epoch %s", *after.Rev, *after.Epoch, rows, *before.Rev, *before.Epoch)
	}
}

// A batch that is sent again with its request_id after a crash is not executed
// again: its first reply comes back.
func TestReplayAfterCrash(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	body := harness.With(harness.Batch("a.db", insertT(1, 1), insertT(1, 2)), "request_id", "once")
	first := c.OK(body)
	c.OK(harness.Batch("a.db", insertT(2, 1)))
	for range 2 {
		d.Crash()
		d.Restart()
		c = d.Dial()
		again := c.OK(body)
		if !again.Replayed || *again.Rev != *first.Rev || *again.RowsAffected != 2 || *again.LastInsertRowID != *first.LastInsertRowID {
			t.Errorf("got %+v, want the first reply %+v replayed", again, first)
		}
		c.Refused(harness.With(harness.Batch("a.db", insertT(1, 3)), "request_id", "once"), wire.CodeRequestIDReused)
	}
	c.OK(harness.With(harness.Batch("a.db", insertT(2, 2)), "forget", []string{"once"}))
	if c.OK(body).Replayed {
		t.Error("a forgotten batch was replayed")
	}
	wantCount(t, d, "a.db", 6)
}

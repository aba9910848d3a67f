package e2e

import (
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// A Subscribe may be the first that the daemon hears of a database.
func TestSubscribeWithoutWorker(t *testing.T) {
	d := harness.Start(t, harness.Config{})
	c := d.Dial()
	noError(t, c.Send(harness.Command(wire.TypeSubscribe, "new.db")))
	first := c.Reply()
	noError(t, first.Err())
	if !first.Subscribed || *first.Rev != 0 || first.State != "open" {
		t.Fatalf("the first frame: %+v", first)
	}
}

// A statement that the daemon has compiled before returns the columns that its
// table has now.
func TestColumnsAfterSchemaChange(t *testing.T) {
	_, c := withT(t, harness.Config{}, "a.db")
	c.OK(harness.Batch("a.db", insertT(1, 2)))
	for i, add := range []string{"a", "b"} {
		for _, sql := range []string{`SELECT * FROM t`, `UPDATE t SET n = n RETURNING *`} {
			r := c.OK(harness.With(harness.Batch("a.db", sql), "results", true)).Results[0]
			values := 0
			noError(t, r.Rows.Each(func(row []wire.Value) error {
				values = len(row)
				return nil
			}))
			if len(r.Columns) != 2+i || len(r.Types) != 2+i || values != 2+i {
				t.Errorf("%s: columns %q, types %q, %d values: want %d of each", sql, r.Columns, r.Types, values, 2+i)
			}
		}
		c.OK(harness.Batch("a.db", `ALTER TABLE t ADD COLUMN `+add))
	}
}

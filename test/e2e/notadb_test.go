package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// A file that is not a database is refused, stays as it is, and can be
// replaced by one in the usual way.
func TestNotADatabase(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	c := d.Dial()
	content := strings.Repeat("This is a letter and not a database.\n", 1000)
	writeFile(t, d.File("a.db"), content)
	for range 2 {
		c.Refused(harness.Command(wire.TypePing, "a.db"), wire.CodeNotADatabase)
		c.Refused(harness.Batch("a.db", createT), wire.CodeNotADatabase)
		c.Refused(harness.Command(wire.TypePrepareForMaintenance, "a.db"), wire.CodeNotADatabase)
		c.OK(harness.Batch("b.db", `CREATE TABLE IF NOT EXISTS t(x)`))
	}
	if readFile(t, d.File("a.db")) != content {
		t.Error("the file has changed")
	}
	c.OK(harness.Command(wire.TypeCloseDatabase, "a.db"))
	c.Refused(harness.Command(wire.TypeReopenDatabase, "a.db"), wire.CodeNotADatabase)
	wantState(t, c, "a.db", "closed")
	if err := os.Remove(d.File("a.db")); err != nil {
		t.Fatal(err)
	}
	harness.Open(t, d.File("a.db"), "rwc").Exec(createT)
	c.OK(harness.Command(wire.TypeReopenDatabase, "a.db"))
	c.OK(harness.Batch("a.db", insertT(1, 1)))
}

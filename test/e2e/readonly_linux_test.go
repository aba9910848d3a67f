package e2e

import (
	"os"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// In a directory that cannot be written the daemon runs, tells what it can
// tell, and refuses batches with a sentence. Other databases go on.
func TestReadOnlyDirectory(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	dir := mkdir(t, d.Dir, "ro")
	freeze := func() { harness.MakeReadOnly(t, dir) }
	if os.Geteuid() == 0 {
		harness.Mount(t, dir, "size=4m")
	} else { // for root, modes forbid nothing
		t.Cleanup(func() { os.Chmod(dir, 0o700) })
		freeze = func() {
			if err := os.Chmod(dir, 0o500); err != nil {
				t.Fatal(err)
			}
		}
	}
	writer := harness.Open(t, d.File("ro/old.db"), "rwc")
	writer.Exec(createT)
	writer.Close()
	freeze()
	c := d.Dial()
	for _, db := range []string{"ro/old.db", "ro/new.db"} {
		reply := c.Refused(harness.Batch(db, `CREATE TABLE u(x)`), wire.CodeIOError)
		t.Logf("%s: %s", db, reply.Message)
		c.OK(harness.Batch("other.db", `CREATE TABLE IF NOT EXISTS t(x)`))
	}
	c.OK(harness.Command(wire.TypePing, ""))
	wantGone(t, d.File("ro/new.db"))
}

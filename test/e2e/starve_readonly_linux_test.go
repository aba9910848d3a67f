package e2e

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// remount mounts what is at path anew, with those flags.
func remount(t *testing.T, path string, flags uintptr) {
	t.Helper()
	if err := unix.Mount("", path, "", unix.MS_REMOUNT|flags, ""); err != nil {
		t.Fatalf("remount %s: %v", path, err)
	}
}

// bind mounts a file onto itself, so that it can be made read-only by itself.
// It skips the test where this process may not mount.
func bind(t *testing.T, path string) {
	t.Helper()
	err := unix.Mount(path, path, "", unix.MS_BIND, "")
	if err == unix.EPERM {
		t.Skipf("mount a file: %v: this needs root, and in a container CAP_SYS_ADMIN", err)
	}
	if err != nil {
		t.Fatalf("mount a file: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", path, err)
		}
	})
}

// wantUnwritable checks that batches for a database are refused with a
// sentence, while another database is written to.
func wantUnwritable(t *testing.T, c *harness.Conn, db, sql string) {
	t.Helper()
	for range 3 {
		reply := c.Refused(harness.Batch(db, sql), wire.CodeIOError)
		t.Logf("%s: %s", db, reply.Message)
		c.OK(harness.Batch("other.db", `CREATE TABLE IF NOT EXISTS t(x)`, `INSERT INTO t VALUES(1)`))
	}
}

// A directory that becomes read-only under the daemon, and writable again: its
// databases stop and go on, without a restart. One that is closed stays so.
func TestDirectoryBecomesReadOnlyAndWritable(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	dir := mkdir(t, d.Dir, "ro")
	harness.Mount(t, dir, "size=4m")
	c := d.Dial()
	c.OK(harness.Batch("ro/closed.db", createT))
	c.OK(harness.Command(wire.TypeCloseDatabase, "ro/closed.db"))
	remount(t, dir, unix.MS_RDONLY)
	c.Refused(harness.Command(wire.TypeReopenDatabase, "ro/closed.db"), wire.CodeIOError)
	wantState(t, c, "ro/closed.db", "closed")
	wantUnwritable(t, c, "ro/new.db", createT)
	remount(t, dir, 0)
	c.OK(harness.Command(wire.TypeReopenDatabase, "ro/closed.db"))
	for n, db := range []string{"ro/closed.db", "ro/new.db"} {
		c.OK(harness.Batch(db, `CREATE TABLE IF NOT EXISTS t(client INTEGER, n INTEGER)`, insertT(1, n)))
		wantCount(t, d, db, 1)
	}
	d.Shutdown()
	for _, db := range []string{"ro/closed.db", "ro/new.db"} {
		wantCleanEnd(t, d, db)
		harness.CheckIntegrity(t, d.File(db))
	}
}

// A database whose file alone cannot be written, in a directory that can: it
// is refused, and left as it is to the byte, until it can be written again.
func TestReadOnlyFile(t *testing.T) {
	t.Parallel()
	d, _ := withT(t, harness.Config{}, "old.db")
	maker := harness.Open(t, d.File("never.db"), "rwc")
	maker.Exec(createT)
	maker.Close()
	d.Shutdown()                                        // what is open for writing stays so
	for _, db := range []string{"never.db", "old.db"} { // one that the daemon has made its own, one that it has not
		bind(t, d.File(db))
		remount(t, d.File(db), unix.MS_BIND|unix.MS_RDONLY)
	}
	d.Restart()
	c := d.Dial()
	for _, db := range []string{"never.db", "old.db"} {
		before := readFile(t, d.File(db))
		wantUnwritable(t, c, db, insertT(1, 1))
		if readFile(t, d.File(db)) != before {
			t.Errorf("%s has changed", db)
		}
		remount(t, d.File(db), unix.MS_BIND)
		c.OK(harness.Batch(db, insertT(1, 1)))
		wantCount(t, d, db, 1)
	}
}

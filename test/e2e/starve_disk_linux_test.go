package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// The disk of the daemon's log may be full: the daemon serves, and logs again
// when there is room.
func TestLogOnFullDisk(t *testing.T) {
	t.Parallel()
	disk := mkdir(t, harness.Dir(t), "small")
	harness.Mount(t, disk, "size=64k")
	path := filepath.Join(disk, "log")
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	d := harness.Start(t, harness.Config{Flags: []string{"--log-level=debug"}, Stdout: log})
	log.Close()
	c := d.Dial()
	harness.Await(t, "the daemon has begun to log", func() bool { return strings.Contains(readFile(t, path), "listening") })
	fill(t, filepath.Join(disk, "ballast"))
	for size := -1; size != len(readFile(t, path)); { // the log's last page still has room
		size = len(readFile(t, path))
		c.OK(harness.Batch("a.db", `CREATE TABLE IF NOT EXISTS t(client INTEGER, n INTEGER)`))
		c.OK(harness.Command(wire.TypeCloseDatabase, "a.db"))
		c.OK(harness.Command(wire.TypeReopenDatabase, "a.db"))
	}
	c.OK(harness.Batch("b.db", createT))
	c.OK(harness.Batch("b.db", insertT(1, 1)))
	wantCount(t, d, "b.db", 1)
	if err := os.Remove(filepath.Join(disk, "ballast")); err != nil {
		t.Fatal(err)
	}
	c.OK(harness.Batch("later.db", createT))
	harness.Await(t, "the daemon logs again", func() bool { return strings.Contains(readFile(t, path), "later.db") })
	d.Shutdown()
}

// A client starts the daemon although the disk of its log is full, unless the
// log cannot be made at all, which it says.
func TestAutostartWithFullStateDisk(t *testing.T) {
	t.Parallel()
	o := harness.Autostart(t)
	full, crowded := mkdir(t, harness.Dir(t), "full"), mkdir(t, harness.Dir(t), "crowded")
	harness.Mount(t, full, "size=16k")
	fill(t, filepath.Join(full, "ballast"))
	harness.Mount(t, crowded, "size=16k,nr_inodes=2") // the root and the folder of the log
	env := []string{"SKYLINEDB_DAEMON=" + o.Daemon, "XDG_STATE_HOME=" + crowded}
	sh := shell{t: t, socket: o.Socket, dir: o.Dir, env: env}
	if got := sh.run("exec", "--db=a.db", createT); got.Status != 1 || !strings.Contains(got.Err, "none can be started") || !strings.Contains(got.Err, "no space left on device") {
		t.Errorf("without room for the log: %+v, want status 1 and a sentence", got)
	}
	env[1] = "XDG_STATE_HOME=" + full
	sh.want(result{Out: "✓ 0 rows affected, rev 1 (" + filepath.Join(o.Dir, "a.db") + ")\n"}, "exec", "--db=a.db", createT)
}

// Where there is no room for a socket the daemon says so and ends.
func TestSocketOnFullDisk(t *testing.T) {
	t.Parallel()
	disk := mkdir(t, harness.Dir(t), "small")
	harness.Mount(t, disk, "size=64k,nr_inodes=2")
	writeFile(t, filepath.Join(disk, "ballast"), "")
	socket := filepath.Join(disk, "s")
	status, says := harness.RunToEnd(t, harness.Config{Socket: socket})
	if status != 1 || !strings.Contains(says, socket) || !strings.Contains(says, "no space left on device") {
		t.Errorf("status %d and %q, want 1 and a sentence", status, says)
	}
}

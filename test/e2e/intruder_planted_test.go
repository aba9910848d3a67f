//go:build unix

package e2e

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
	"github.com/skylinedb/skylinedb/wire"
)

// sticky returns a folder such as /tmp: everybody may make files in it, and
// nobody may remove another's.
func sticky(t *testing.T) string {
	t.Helper()
	return publicDir(t, 0o777|fs.ModeSticky)
}

// wantUntold checks that whoever met the stranger's listener at path told him
// nothing. It ends the listener.
func (i *intruder) wantUntold(path string) (peers int) {
	i.t.Helper()
	o := i.try(attempt{Way: "heard", Path: path})
	if o.Err != "" {
		i.t.Fatal(o.Err)
	}
	tally.Add(tally.Intrusions, 1)
	if o.Heard > 0 {
		tally.Violation(i.t, tally.LetIn, "another user's listener was told %d bytes", o.Heard)
	}
	return o.Peers
}

// wantSame checks that a file is still the one that it was.
func wantSame(t *testing.T, path string, before fs.FileInfo) {
	t.Helper()
	if after := lstat(t, path); !os.SameFile(before, after) || before.Mode() != after.Mode() || before.Size() != after.Size() {
		t.Errorf("%s did not survive: it was %v, and is %v", path, before, after)
	}
}

func lstat(t *testing.T, path string) fs.FileInfo {
	t.Helper()
	file, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// A daemon that finds another user's socket where its own should be, with or
// without somebody behind it, says so and ends: it neither speaks to it nor
// takes it away.
func TestDaemonFindsForeignSocket(t *testing.T) {
	t.Parallel()
	i := startIntruder(t)
	for name, mode := range map[string]fs.FileMode{"own folder": 0o777, "sticky folder": 0o777 | fs.ModeSticky} {
		for _, live := range []bool{true, false} {
			socket := filepath.Join(publicDir(t, mode), "s")
			i.succeed("listen", socket)
			if !live {
				i.succeed("abandon", socket)
			}
			before := lstat(t, socket)
			status, says := harness.RunToEnd(t, harness.Config{Socket: socket})
			if status != 1 || !strings.Contains(says, socket) || !strings.Contains(says, "belongs to user 65534") {
				t.Errorf("%s, live %v: status %d and %q, want 1 and whose socket it is", name, live, status, says)
			}
			wantSame(t, socket, before)
			if live && i.wantUntold(socket) > 0 {
				t.Errorf("%s: the daemon has connected", name)
			}
		}
	}
}

// The same seen from below: a user's daemon finds the socket of root, which it
// could not remove.
func TestDaemonFindsRootsSocket(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(sticky(t), "s")
	cmd := asNobody(t, harness.DaemonProgram(t), "--socket="+socket)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	before := lstat(t, socket)
	if got := finish(t, cmd); got.Status != 1 || !strings.Contains(got.Err, "belongs to user 0 and not to user 65534") {
		t.Errorf("got %+v, want status 1 and whose socket it is", got)
	}
	wantSame(t, socket, before)
}

// wantClientsRefuse checks that neither client has to do with the socket,
// which both should call by what says, and that they start no daemon.
func wantClientsRefuse(t *testing.T, socket, says string) {
	t.Helper()
	o := client.Options{Socket: socket, Dir: harness.Dir(t), Daemon: harness.DaemonProgram(t)}
	_, err := harness.OpenClient(t, o).Exec(context.Background(), "a.db", client.SQL(createT))
	if client.ErrorCode(err) != wire.CodeUnavailable || !strings.Contains(err.Error(), "cannot be reached") || !strings.Contains(err.Error(), says) {
		t.Errorf("the Go client says %v, want UNAVAILABLE and %q", err, says)
	}
	sh := shell{t: t, socket: socket, dir: o.Dir, env: []string{"SKYLINEDB_DAEMON=" + o.Daemon}}
	if got := sh.run("exec", "--db=a.db", createT); got.Status != 1 || got.Out != "" || !strings.Contains(got.Err, says) {
		t.Errorf("the command line client: %+v, want status 1 and %q", got, says)
	}
	if log := harness.StartedLog(t, o); log != "" {
		t.Errorf("a daemon was started:\n%s", log)
	}
	wantGone(t, filepath.Join(o.Dir, "a.db"))
}

// A client that finds another user's socket refuses at once, and does not even
// connect; where the file is its own user's, it finds out who listens, and
// says nothing to him.
func TestClientFindsForeignSocket(t *testing.T) {
	t.Parallel()
	i := startIntruder(t)
	socket := filepath.Join(sticky(t), "s")
	i.succeed("listen", socket)
	wantClientsRefuse(t, socket, "belongs to user 65534")
	if peers := i.wantUntold(socket); peers > 0 {
		t.Errorf("%d clients have connected to a file that is not theirs", peers)
	}
	wantClientsRefuse(t, socket, "belongs to user 65534") // nobody is behind it any more
	if err := os.Remove(socket); err != nil {
		t.Fatal(err)
	}
	i.succeed("listen", socket)
	if err := os.Chown(socket, os.Geteuid(), os.Getegid()); err != nil {
		t.Fatal(err)
	}
	wantClientsRefuse(t, socket, "a process of user 65534 listens there")
	if peers := i.wantUntold(socket); peers == 0 {
		t.Error("nobody has connected, so that nothing was tried")
	}
}

// A stranger who may write to the socket's folder, of which the daemon warns,
// can put his own in its place: clients do not fall for it, and the daemon
// does not remove it when it ends.
func TestSocketIsReplacedByStranger(t *testing.T) {
	t.Parallel()
	i := startIntruder(t)
	d, c := withT(t, harness.Config{Socket: filepath.Join(publicDir(t, 0o777), "s")}, "a.db")
	if o := i.try(attempt{Way: "rename", Path: d.Socket, At: d.Socket + ".away"}); o.Err != "" {
		t.Fatal(o.Err)
	}
	i.succeed("listen", d.Socket)
	planted := lstat(t, d.Socket)
	wantClientsRefuse(t, d.Socket, "belongs to user 65534")
	c.OK(harness.Batch("a.db", insertT(1, 1)))
	c.OK(harness.Command(wire.TypeShutdown, ""))
	d.WantExit(0)
	wantSame(t, d.Socket, planted)
	if peers := i.wantUntold(d.Socket); peers > 0 {
		t.Errorf("%d clients have connected to a file that is not theirs", peers)
	}
	wantCount(t, d, "a.db", 1)
}

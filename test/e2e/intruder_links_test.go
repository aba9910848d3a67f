//go:build unix

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// precious is the content of a file that nobody may touch.
const precious = "precious"

// traps are what another user can put where the daemon or a client expects a
// file of its own, and what is said of them. target is a file that exists.
var traps = map[string]struct {
	set  func(i *intruder, path, target string) error
	says string
}{
	"link":          {func(_ *intruder, path, target string) error { return os.Symlink(target, path) }, "symbolic link"},
	"dangling link": {func(_ *intruder, path, target string) error { return os.Symlink(target+".none", path) }, "symbolic link"},
	"foreign file": {func(i *intruder, path, _ string) error {
		i.succeed("create", path)
		return nil
	}, "belongs to user 65534"},
}

// springTraps sets each trap at the socket's name with a suffix, in a folder such
// as /tmp, runs what may fall into it, and checks that nothing happens but a
// sentence that names the path.
func springTraps(t *testing.T, suffix string, run func(t *testing.T, socket string) (says string)) {
	i := startIntruder(t)
	for name, trap := range traps {
		t.Run(name, func(t *testing.T) {
			dir := sticky(t)
			socket, target := filepath.Join(dir, "s"), filepath.Join(dir, "target")
			writeFile(t, target, precious)
			path := socket + suffix
			if err := trap.set(i, path, target); err != nil {
				t.Fatal(err)
			}
			before := lstat(t, path)
			if says := run(t, socket); !strings.Contains(says, path) || !strings.Contains(says, trap.says) {
				t.Errorf("got %q, want the path and %q", says, trap.says)
			}
			wantSame(t, path, before)
			if got := readFile(t, target); got != precious {
				t.Errorf("the file that the link leads to has %q", got)
			}
			wantGone(t, target+".none")
		})
	}
}

// The daemon's lock file: it holds no lock that another could hold too, and
// does not start.
func TestInstanceLockIsTrapped(t *testing.T) {
	t.Parallel()
	springTraps(t, ".lock", func(t *testing.T, socket string) string {
		status, says := harness.RunToEnd(t, harness.Config{Socket: socket})
		if status != 1 {
			t.Errorf("status %d, want 1", status)
		}
		wantGone(t, socket)
		return says
	})
}

// The lock file of clients that start the daemon: they start none.
func TestStartLockIsTrapped(t *testing.T) {
	t.Parallel()
	springTraps(t, ".start.lock", func(t *testing.T, socket string) string {
		o := client.Options{Socket: socket, Dir: harness.Dir(t), Daemon: harness.DaemonProgram(t)}
		_, err := harness.OpenClient(t, o).Ping(context.Background())
		if client.ErrorCode(err) != wire.CodeUnavailable {
			t.Fatalf("the client says %v, want UNAVAILABLE", err)
		}
		if log := harness.StartedLog(t, o); log != "" {
			t.Errorf("a daemon was started:\n%s", log)
		}
		return err.Error()
	})
}

// The log of a daemon that a client starts: it is not written through a link.
func TestLogIsTrapped(t *testing.T) {
	t.Parallel()
	o := harness.Autostart(t)
	state := harness.Dir(t)
	sh := shell{t: t, socket: o.Socket, dir: o.Dir, env: []string{"SKYLINEDB_DAEMON=" + o.Daemon, "XDG_STATE_HOME=" + state, "HOME=" + state}}
	for _, args := range [][]string{{"exec", "--db=first.db", createT}, {"shutdown"}} {
		if got := sh.run(args...); got.Status != 0 {
			t.Fatalf("%s: %+v", args, got)
		}
	}
	harness.AwaitNoDaemon(t, o)
	var log string
	err := filepath.WalkDir(state, func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".log") {
			log = path
		}
		return err
	})
	if err != nil || log == "" {
		t.Fatalf("there is no log: %v", err)
	}
	target := filepath.Join(state, "target")
	writeFile(t, target, precious)
	for _, to := range []string{target, target + ".none"} {
		if err := os.Remove(log); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, log); err != nil {
			t.Fatal(err)
		}
		if got := sh.run("exec", createT); got.Status != 1 || !strings.Contains(got.Err, log) || !strings.Contains(got.Err, "symbolic link") {
			t.Errorf("got %+v, want status 1 and what is in the way", got)
		}
	}
	if got := readFile(t, target); got != precious {
		t.Errorf("the file that the link leads to has %q", got)
	}
	wantGone(t, target+".none")
	wantGone(t, filepath.Join(o.Dir, wire.DefaultDB))
}

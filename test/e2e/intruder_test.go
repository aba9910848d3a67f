//go:build unix

package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
	"github.com/skylinedb/skylinedb/wire"
)

// nobody is the id of the user of that name, here the other user.
const nobody = 65534

// publicDir returns a folder of that mode which every user can reach.
func publicDir(t *testing.T, mode fs.FileMode) string {
	t.Helper()
	dir := harness.Dir(t)
	for path, mode := range map[string]fs.FileMode{dir: mode, filepath.Dir(dir): 0o711} { // the run's, whose other folders stay shut
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// asNobody makes a command that runs a program as the other user, who gets a
// copy. Only root can do that.
func asNobody(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be two users")
	}
	path := filepath.Join(publicDir(t, 0o755), filepath.Base(program))
	if err := copyProgram(program, path); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return cmd
}

// copyProgram keeps other tests from starting processes meanwhile: one of them
// could have the copy open for writing, and nobody could run it.
func copyProgram(from, to string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(0o755), out.Close())
}

// intruder is the process of a stranger.
type intruder struct {
	t   *testing.T
	in  *json.Encoder
	out *json.Decoder
}

// startIntruder starts one, which ends with the test.
func startIntruder(t *testing.T) *intruder {
	t.Helper()
	cmd := asNobody(t, os.Args[0])
	cmd.Env = append(os.Environ(), "SKYLINEDB_TEST_ROLE=stranger") // see harness.Main
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the stranger's process: %v", err)
		}
	})
	return &intruder{t: t, in: json.NewEncoder(stdin), out: json.NewDecoder(stdout)}
}

// try lets the stranger do something and returns what came of it.
func (i *intruder) try(a attempt) (o outcome) {
	i.t.Helper()
	if err := errors.Join(i.in.Encode(a), i.out.Decode(&o)); err != nil {
		i.t.Fatalf("the stranger's process: %v", err)
	}
	return o
}

// succeed lets the stranger do something that nothing forbids.
func (i *intruder) succeed(way, path string) {
	i.t.Helper()
	if o := i.try(attempt{Way: way, Path: path}); o.Err != "" {
		i.t.Fatalf("%s %s: %s", way, path, o.Err)
	}
}

// knock lets the stranger try to get an answer of a daemon, by whatever means.
func (i *intruder) knock(a attempt) outcome {
	i.t.Helper()
	o := i.try(a)
	tally.Add(tally.Intrusions, 1)
	if o.Heard > 0 || o.Kept {
		tally.Violation(i.t, tally.LetIn, "%+v: another user was told %d bytes, and kept: %v", a, o.Heard, o.Kept)
	}
	return o
}

// refused lets the stranger try something that must fail.
func (i *intruder) refused(a attempt) {
	i.t.Helper()
	if o := i.knock(a); o.Err == "" {
		tally.Violation(i.t, tally.LetIn, "%+v: another user could do that", a)
	}
}

// turnedAway is what the daemon's log says of strangers.
const turnedAway = "turned a client away"

// A stranger does not get past the socket's mode, and where that is no
// hindrance, not past the daemon, which warns of it. Nobody else notices.
func TestStrangerIsTurnedAway(t *testing.T) {
	t.Parallel()
	i := startIntruder(t)
	dir := publicDir(t, 0o755)
	d, c := withT(t, harness.Config{Socket: filepath.Join(dir, "s")}, "a.db")
	for _, way := range []string{"ping", "batches", "shutdown", "silence"} {
		if o := i.knock(attempt{Way: way, Path: d.Socket}); o.Peers > 0 || !strings.Contains(o.Err, "permission denied") {
			t.Errorf("%s to a socket of mode 0600: %+v, want permission denied", way, o)
		}
	}
	if strings.Contains(d.Log(), turnedAway) {
		t.Errorf("the log tells of strangers whom the socket's mode kept out:\n%s", d.Log())
	}
	if err := os.Chmod(d.Socket, 0o666); err != nil {
		t.Fatal(err)
	}
	for n, way := range []string{"ping", "batches", "shutdown", "silence", "storm"} {
		if o := i.knock(attempt{Way: way, Path: d.Socket}); o.Peers == 0 || o.Heard > 0 {
			t.Fatalf("%s to a socket of mode 0666: %+v, want a connection that is closed", way, o)
		}
		c.OK(harness.Batch("a.db", insertT(1, n)))
	}
	d.Dial().OK(harness.Command(wire.TypePing, ""))
	harness.Await(t, "the daemon warns", func() bool { return strings.Contains(d.Log(), turnedAway) })
	if log := d.Log(); !strings.Contains(log, "user 65534") || strings.Count(log, turnedAway) != strings.Count(log, "level=WARN") {
		t.Errorf("want warnings that name the user:\n%s", log)
	}
	wantCount(t, d, "a.db", 5)
}

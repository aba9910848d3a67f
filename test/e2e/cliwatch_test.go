package e2e

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// running is a command line client that goes on.
type running struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Scanner
}

// begin starts a command, whose two outputs are read as one.
func (s shell) begin(args ...string) *running {
	s.t.Helper()
	cmd := exec.CommandContext(patient(s.t), harness.CLIProgram(s.t), args...)
	cmd.Dir = s.dir
	cmd.Env = append(cmd.Environ(), append(s.env, "SKYLINEDB_SOCKET="+s.socket)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { r.Close() })
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	w.Close()
	return &running{s.t, cmd, stdin, bufio.NewScanner(r)}
}

func (r *running) want(line string) {
	r.t.Helper()
	if !r.lines.Scan() || r.lines.Text() != line {
		r.t.Fatalf("got %q, want %q", r.lines.Text(), line)
	}
}

// end waits for the end and checks the status.
func (r *running) end(status int) {
	r.t.Helper()
	_ = r.cmd.Wait() // the state tells
	if got := r.cmd.ProcessState.ExitCode(); got != status {
		r.t.Errorf("status %d, want %d", got, status)
	}
}

// watch tells of commits and of maintenance, and ends with Ctrl-C.
func TestWatch(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	sh := shell{t: t, socket: d.Socket, dir: d.Dir}
	w, all := sh.begin("watch", "a.db"), sh.begin("watch", "--count", "1", "--json")
	w.want("✓ Watching a.db, rev 1, open")
	all.want(`{"event":"subscribed","rev":0}`)
	c.OK(harness.Batch("a.db", insertT(1, 1)))
	w.want("a.db rev 2: t")
	epoch := c.Database("a.db").Epoch
	all.want(`{"event":"commit","db":"a.db","rev":2,"epoch":"` + epoch + `","tables":["t"]}`)
	all.end(0)
	sh.want(result{Out: "✓ Watching a.db, rev 2, open\na.db rev 2: anything may have changed\n"},
		"watch", "a.db", "--rev", "1", "--epoch", epoch, "--count", "1")
	c.OK(harness.Command("CloseDatabase", "a.db"))
	w.want("a.db rev 2: closed")
	if runtime.GOOS == "windows" {
		return // which has no such signal; the process ends with the test
	}
	if err := w.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	w.end(0)
}

package harness

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/wire"
)

// Config says how a daemon is started. The zero Config is a daemon with a
// directory and a socket of its own, which never ends for idleness.
type Config struct {
	Dir    string   // of the databases
	Socket string   // where it listens
	Flags  []string // before the directory
	Env    []string // KEY=value, beside the test's own
	Stdout *os.File // where its log goes, nil for [Daemon.Log]
	Allow  []string // texts of lines in its log that the test provokes, and that are not judged
}

// Daemon is a daemon that runs.
type Daemon struct {
	*Process
	Dir    string
	Socket string

	cfg  Config
	past strings.Builder // the output of earlier processes
}

// Start starts a daemon and waits until it answers. When the test ends, so
// does the daemon, and it is judged: see [Daemon.End].
func Start(t testing.TB, cfg Config) *Daemon {
	t.Helper()
	d := prepare(t, cfg)
	d.spawn()
	t.Cleanup(d.End)
	d.awaitAnswer()
	return d
}

// RunToEnd starts a daemon that ends without the test's doing, because it
// cannot run or is of no use, and returns its exit status and what it says.
func RunToEnd(t testing.TB, cfg Config) (status int, says string) {
	t.Helper()
	d := prepare(t, cfg)
	d.spawn()
	t.Cleanup(d.Kill)
	return d.Wait(), d.Output()
}

// prepare fills in what cfg leaves open.
func prepare(t testing.TB, cfg Config) *Daemon {
	t.Helper()
	home := Dir(t)
	if cfg.Socket == "" {
		cfg.Socket = socketIn(home)
	}
	if cfg.Dir == "" {
		cfg.Dir = filepath.Join(home, "db")
		if err := os.Mkdir(cfg.Dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return &Daemon{Process: &Process{t: t}, Dir: cfg.Dir, Socket: cfg.Socket, cfg: cfg}
}

// spawn starts the process.
func (d *Daemon) spawn() {
	d.t.Helper()
	args := append([]string{"--worker-idle=0", "--router-idle=0", "--socket=" + d.Socket}, d.cfg.Flags...)
	cmd := exec.Command(DaemonProgram(d.t), append(args, d.Dir)...)
	cmd.Env = append(os.Environ(), d.cfg.Env...)
	d.past.WriteString(d.Output())
	p := &Process{name: "the daemon", cmd: cmd}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	if d.cfg.Stdout != nil {
		cmd.Stdout = d.cfg.Stdout
	}
	p.start(d.t)
	d.Process = p
}

func (d *Daemon) awaitAnswer() {
	d.t.Helper()
	Await(d.t, "the daemon answers", func() bool {
		if d.Exited() {
			d.t.Fatalf("the daemon ended when it was started:\n%s", d.Output())
		}
		nc, err := transport.Dial(context.Background(), d.Socket)
		if err != nil {
			return false
		}
		nc.Close()
		return true
	})
}

// Restart starts the daemon again, with what it was started with, after the
// present process has ended.
func (d *Daemon) Restart() {
	d.t.Helper()
	d.Wait()
	d.spawn()
	d.awaitAnswer()
}

// Crash ends the daemon as kill -9 does, and waits for that.
func (d *Daemon) Crash() {
	d.t.Helper()
	d.Kill()
	d.Wait()
}

// Shutdown asks the daemon to end and waits until it has, with status 0.
func (d *Daemon) Shutdown() {
	d.t.Helper()
	d.Dial().OK(Command(wire.TypeShutdown, ""))
	d.WantExit(0)
}

// WantExit waits for the daemon's end and checks its exit status.
func (d *Daemon) WantExit(status int) {
	d.t.Helper()
	if got := d.Wait(); got != status {
		d.t.Fatalf("the daemon ended with status %d, want %d:\n%s", got, status, d.Output())
	}
}

// File returns the path of a database.
func (d *Daemon) File(db string) string { return filepath.Join(d.Dir, filepath.FromSlash(db)) }

// Log returns what the daemon has written, over its restarts.
func (d *Daemon) Log() string { return d.past.String() + d.Output() }

// End shuts the daemon down if it still runs, and judges what it left: its
// log and its databases. Start arranges for it to be called.
func (d *Daemon) End() {
	d.t.Helper()
	defer d.Crash() // where it does not end by itself
	if !d.Exited() {
		d.Shutdown()
	}
	judge(d.t, d.Log(), d.Dir, d.cfg.Allow...)
}

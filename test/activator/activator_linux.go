package activator

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a daemon may take to be ready.
const patience = 2 * time.Minute

// Config says what to start.
type Config struct {
	Units   string   // the folder with the unit files
	Home    string   // the user's home
	Socket  string   // in the place of the unit's, "" for that
	Program string   // in the place of the unit's, "" for that
	Env     []string // beside the unit's
}

// Activator holds the socket of daemons. Its methods may be called from any
// goroutine.
type Activator struct {
	cfg    Config
	units  units
	socket *os.File
	notify *net.UnixConn
	stop   *os.File // closed to end the waiting
	ended  chan struct{}

	mu     sync.Mutex
	pids   []int
	ends   int
	faults []error
	log    bytes.Buffer
}

// Start holds the socket until the test ends, and fails it if a daemon does
// not say that it is ready, or does not end with status 0 or by a kill.
func Start(t testing.TB, cfg Config) *Activator {
	t.Helper()
	a := &Activator{cfg: cfg, units: readUnits(t, cfg.Units, cfg.Home), ended: make(chan struct{})}
	if cfg.Socket != "" {
		a.units.listen = cfg.Socket
	}
	if cfg.Program != "" {
		a.units.start[0] = cfg.Program
	}
	a.units.env = slices.Concat(a.units.env, cfg.Env, []string{"SKYLINEDB_SOCKET=" + a.units.listen})
	wait, err := a.open()
	if err != nil {
		t.Fatal(err)
	}
	go a.run(wait)
	t.Cleanup(func() {
		a.stop.Close()
		if pid := a.PID(); pid != 0 {
			_ = syscall.Kill(pid, syscall.SIGTERM) // it may have ended
		}
		<-a.ended
		_ = errors.Join(a.socket.Close(), a.notify.Close(), wait.Close(), os.Remove(a.units.listen))
		for _, fault := range a.faults {
			t.Error(fault)
		}
		if t.Failed() {
			t.Logf("the daemons' log:\n%s", a.Log())
		}
	})
	return a
}

// open makes the sockets. The file that it returns is at its end once stop is
// closed.
func (a *Activator) open() (wait *os.File, err error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: a.units.listen, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err := os.Chmod(a.units.listen, a.units.mode); err != nil {
		return nil, err
	}
	if a.socket, err = l.File(); err != nil {
		return nil, err
	}
	if err := l.Close(); err != nil { // the copy is left
		return nil, err
	}
	if a.notify, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: a.units.listen + ".notify", Net: "unixgram"}); err != nil {
		return nil, err
	}
	wait, a.stop, err = os.Pipe()
	return wait, err
}

// run starts a daemon whenever a client waits and none runs.
func (a *Activator) run(wait *os.File) {
	defer close(a.ended)
	for {
		fds := []unix.PollFd{{Fd: int32(a.socket.Fd()), Events: unix.POLLIN}, {Fd: int32(wait.Fd()), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil && !errors.Is(err, unix.EINTR) {
			a.fault(err)
			return
		}
		if fds[1].Revents != 0 {
			return
		}
		if fds[0].Revents == 0 {
			continue
		}
		if err := a.serve(); err != nil {
			a.fault(err)
			return
		}
	}
}

// serve runs one daemon from its start to its end.
func (a *Activator) serve() error {
	env := append(os.Environ(), a.units.env...)
	if len(a.units.pre) > 0 {
		pre := expand(a.units.pre, a.units.env)
		if out, err := exec.Command(pre[0], pre[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("ExecStartPre=: %w\n%s", err, out)
		}
	}
	// The shell knows the number of the process that it becomes.
	start := expand(a.units.start, a.units.env)
	cmd := exec.Command("/bin/sh", append([]string{"-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"`, "sh"}, start...)...)
	cmd.Env = append(env, "NOTIFY_SOCKET="+a.notify.LocalAddr().String())
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{a.socket}
	cmd.Stdout, cmd.Stderr = a, a
	if err := cmd.Start(); err != nil {
		return err
	}
	a.mu.Lock()
	a.pids = append(a.pids, cmd.Process.Pid)
	a.mu.Unlock()
	ready := a.awaitReady()
	err := cmd.Wait()
	a.mu.Lock()
	a.ends++
	a.mu.Unlock()
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() && s.Signal() == syscall.SIGKILL {
		return nil // the test's doing
	}
	return errors.Join(ready, err)
}

// awaitReady waits for the daemon's word.
func (a *Activator) awaitReady() error {
	buf := make([]byte, 4096)
	if err := a.notify.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	n, err := a.notify.Read(buf)
	if err != nil {
		return fmt.Errorf("the daemon does not say that it is ready: %w", err)
	}
	if said := string(buf[:n]); !slices.Contains(strings.Split(said, "\n"), "READY=1") {
		return fmt.Errorf("the daemon says %q, want READY=1", said)
	}
	return nil
}

func (a *Activator) fault(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = append(a.faults, err)
}

// Write implements [io.Writer] for what the daemons write.
func (a *Activator) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.log.Write(p)
}

// Log returns what the daemons have written.
func (a *Activator) Log() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.log.String()
}

// Starts returns how many daemons were started.
func (a *Activator) Starts() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.pids)
}

// Ends returns how many of them have ended.
func (a *Activator) Ends() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ends
}

// PID returns the process of the last daemon, 0 before the first.
func (a *Activator) PID() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.pids) == 0 {
		return 0
	}
	return a.pids[len(a.pids)-1]
}

// Dir returns the directory of the databases that the service's unit names.
func (a *Activator) Dir() string {
	return filepath.Clean(expand([]string{"${SKYLINEDB_DIR}"}, a.units.env)[0])
}

package client

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/internal/logfile"
	"github.com/skylinedb/skylinedb/internal/oslock"
	"github.com/skylinedb/skylinedb/wire"
)

// starting returns options for clients that start the test binary as their
// daemon, with a state directory of the test's own.
func starting(t *testing.T) Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	for _, name := range []string{"XDG_STATE_HOME", "HOME", "LOCALAPPDATA"} {
		t.Setenv(name, state)
	}
	return Options{Socket: fakedaemon.Socket(t), Dir: t.TempDir(), Daemon: self, DaemonEnv: []string{beDaemon + "=1"}}
}

// starter opens a client and ends, with the test, the daemon that it started.
func starter(t *testing.T, o Options) *Client {
	t.Helper()
	c := openWith(t, o)
	t.Cleanup(func() {
		if err := c.Shutdown(bg(t)); err != nil && !errors.Is(err, ErrNotRunning) {
			t.Error(err)
		}
	})
	return c
}

func wantStarts(t *testing.T, dir string, want int) {
	t.Helper()
	n, err := fakedaemon.Starts(dir)
	check(t, err, n, want)
}

// Twenty clients at once start one daemon.
func TestAutostartOnce(t *testing.T) {
	o := starting(t)
	var wg sync.WaitGroup
	for range 20 {
		c := openWith(t, o)
		wg.Go(func() {
			if _, err := c.Exec(bg(t), "", SQL("x")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	c := starter(t, o)
	db, err := c.PingDB(bg(t), "")
	check(t, err, db.Rev, 20)
	wantStarts(t, o.Dir, 1)
}

// A daemon that is gone is started again by the next call.
func TestAutostartAgain(t *testing.T) {
	o := starting(t)
	c := starter(t, o)
	for n := range 3 {
		if _, err := c.Exec(bg(t), "", SQL("x")); err != nil {
			t.Fatal(err)
		}
		wantStarts(t, o.Dir, n+1)
		if err := c.Shutdown(bg(t)); err != nil {
			t.Fatal(err)
		}
	}
}

// A client without a directory of its own starts the next daemon where the
// last one was.
func TestAutostartSameDir(t *testing.T) {
	o := starting(t)
	dir := o.Dir
	if _, err := starter(t, o).Ping(bg(t)); err != nil {
		t.Fatal(err)
	}
	o.Dir = ""
	t.Chdir(t.TempDir())
	c := starter(t, o)
	if _, err := c.Ping(bg(t)); err != nil {
		t.Fatal(err)
	}
	if err := c.Shutdown(bg(t)); err != nil {
		t.Fatal(err)
	}
	pong, err := c.Ping(bg(t))
	check(t, err, pong.Dir, dir)
	wantStarts(t, dir, 2)
}

// While an old daemon still holds the instance lock, daemons are started until
// one gets it.
func TestAutostartAfterOldDaemon(t *testing.T) {
	o := starting(t)
	old, err := oslock.Instance(o.Socket)
	if err != nil {
		t.Fatal(err)
	}
	c := starter(t, o)
	done := make(chan error)
	go func() {
		_, err := c.Ping(bg(t))
		done <- err
	}()
	for n := 0; n < 2; n, _ = fakedaemon.Starts(o.Dir) {
		runtime.Gosched() // let the daemons run
	}
	if err := old.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// A client that finds another daemon than the one it started goes on when the
// latter has ended, which else might come up when the other has gone.
func TestAutostartSurplus(t *testing.T) {
	o := starting(t)
	late := filepath.Join(o.Dir, fakedaemon.LateFile)
	if err := os.WriteFile(late, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := openWith(t, o)
	done := make(chan error, 1)
	go func() {
		_, err := c.Ping(bg(t))
		done <- err
	}()
	for n := 0; n < 1; n, _ = fakedaemon.Starts(o.Dir) {
		runtime.Gosched()
	}
	other, err := fakedaemon.Serve(o.Socket, o.Dir, fakedaemon.NewStore(o.Dir).Serve)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Stop()
	other.Await(3) // each asks who answers
	select {
	case err := <-done:
		t.Fatalf("the client went on: %v", err)
	default:
	}
	if err := os.Remove(late); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	wantStarts(t, o.Dir, 1)
}

// A daemon that is killed while it comes up is followed by another.
func TestAutostartKilled(t *testing.T) {
	o := starting(t)
	late := filepath.Join(o.Dir, fakedaemon.LateFile)
	if err := os.WriteFile(late, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := starter(t, o)
	done := make(chan error, 1)
	go func() {
		_, err := c.Ping(bg(t))
		done <- err
	}()
	for n := 0; n < 1; n, _ = fakedaemon.Starts(o.Dir) {
		runtime.Gosched()
	}
	pids, err := os.ReadFile(filepath.Join(o.Dir, fakedaemon.StartsFile))
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(pids), &pid); err != nil {
		t.Fatal(err)
	}
	first, err := os.FindProcess(pid)
	if err == nil {
		err = first.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(late); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n, err := fakedaemon.Starts(o.Dir); n < 2 || err != nil {
		t.Errorf("%d daemons were started, %v", n, err)
	}
}

// A daemon that cannot run is reported at once, with what it said.
func TestAutostartRefused(t *testing.T) {
	o := starting(t)
	self := o.Daemon
	if err := os.WriteFile(filepath.Join(o.Dir, "refuse"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := openWith(t, o).Ping(bg(t))
	wantCode(t, err, wire.CodeUnavailable)
	if !strings.Contains(err.Error(), "the directory is refused") {
		t.Errorf("%v does not say why", err)
	}
	wantStarts(t, o.Dir, 1)

	o.Daemon = filepath.Join(o.Dir, "none")
	_, err = openWith(t, o).Ping(bg(t))
	wantCode(t, err, wire.CodeUnavailable)
	o.Daemon = ""
	t.Setenv("PATH", "")
	_, err = openWith(t, o).Ping(bg(t))
	wantCode(t, err, wire.CodeUnavailable)
	if !strings.Contains(err.Error(), "SKYLINEDB_DAEMON") {
		t.Errorf("%v does not say what to do", err)
	}
	o.Dir, o.Daemon = filepath.Join(o.Dir, "none"), self
	_, err = openWith(t, o).Ping(bg(t))
	wantCode(t, err, wire.CodeUnavailable)
	if !strings.Contains(err.Error(), "directory of the databases") {
		t.Errorf("%v does not say what is wrong", err)
	}
}

// The log is the user's own, and one that has grown too large is put aside.
func TestLog(t *testing.T) {
	o := starting(t)
	path, err := logfile.Path(o.Socket)
	if err != nil {
		t.Fatal(err)
	}
	f, err := logfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(logfile.Max+1), f.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := starter(t, o).Ping(bg(t)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{path: true, path + ".old": true} {
		file, err := os.Stat(name)
		if (err == nil) != want || err == nil && filepath.Separator == '/' && file.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, file, err)
		}
	}
	if path2, _ := logfile.Path(o.Socket + "/s"); path2 == path {
		t.Error("two sockets have one log")
	}
}

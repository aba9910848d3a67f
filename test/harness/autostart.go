package harness

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/internal/config"
	"github.com/skylinedb/skylinedb/internal/oslock"
)

// Autostart returns options for Go clients that start the daemon, with a
// directory and a socket of their own. When the test ends, after its clients,
// the daemon that is left is shut down, and all are judged as by [Daemon.End].
func Autostart(t testing.TB, flags ...string) client.Options {
	t.Helper()
	home := Dir(t)
	o := client.Options{
		Socket: socketIn(home), Dir: filepath.Join(home, "db"),
		Daemon: DaemonProgram(t), DaemonArgs: flags,
	}
	if err := os.Mkdir(o.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stopStarted(t, o)
		judge(t, StartedLog(t, o), o.Dir)
	})
	return o
}

// stopStarted ends the daemon, if there is one, and waits until it is gone.
func stopStarted(t testing.TB, o client.Options) {
	t.Helper()
	o.NoWait = true
	c := OpenClient(t, o)
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if err := c.Shutdown(ctx); err != nil && !errors.Is(err, client.ErrNotRunning) {
		t.Errorf("shut the daemon down: %v", err)
	}
	AwaitNoDaemon(t, o)
}

// AwaitNoDaemon waits until no daemon holds the socket of o.
func AwaitNoDaemon(t testing.TB, o client.Options) {
	t.Helper()
	Await(t, "the last daemon is gone", func() bool {
		lock, err := oslock.Instance(o.Socket)
		if err == nil {
			err = lock.Unlock()
		}
		return err == nil
	})
}

// StartedLog returns the log of the daemons that clients started with o.
func StartedLog(t testing.TB, o client.Options) string {
	t.Helper()
	dir, err := config.StateDir()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	files, _ := filepath.Glob(filepath.Join(dir, filepath.Base(o.Socket)+"-*.log")) // fails for a bad pattern only
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("read the daemons' log: %v", err)
		}
		log.Write(text)
	}
	return log.String()
}

// OpenClient opens a Go client that is closed when the test ends.
func OpenClient(t testing.TB, o client.Options) *client.Client {
	t.Helper()
	c, err := client.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close the client: %v", err)
		}
	})
	return c
}

//go:build linux || darwin

package transport

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// unboundSocket returns a socket and a path to bind it to.
func unboundSocket(t *testing.T) (fd int, path string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "skl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if fd, err = newSocket(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd, filepath.Join(dir, "s")
}

// Before anybody can connect, the socket has its final mode, whatever the umask.
func TestBindIsPrivateBeforeListen(t *testing.T) {
	fd, path := unboundSocket(t)
	old := syscall.Umask(0)
	err := bindPrivate(fd, path)
	syscall.Umask(old)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("mode %v, %v, want a socket of mode 0600", info, err)
	}
	if _, err := dial(t.Context(), path); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("connect before listen: %v, want it refused", err)
	}
}

// A client meets a daemon that is slow to accept: it waits for its turn.
func TestDialWaitsForAFullBacklog(t *testing.T) {
	fd, path := unboundSocket(t)
	if err := bindPrivate(fd, path); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	queued := fillBacklog(t, path)
	if queued < 0 {
		t.Skip("this system does not tell a full backlog from no listener")
	}
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := dial(ctx, path)
		failed <- err
	}()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) || isNotRunning(err) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if _, err := listen(path); !errors.Is(err, ErrInUse) {
		t.Errorf("listen: %v, want ErrInUse", err)
	}
	connected := make(chan error)
	go func() {
		conn, err := dial(t.Context(), path)
		if err == nil {
			conn.Close()
		}
		connected <- err
	}()
	for range queued {
		conn, _, err := unix.Accept(fd)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(conn)
	}
	if err := <-connected; err != nil {
		t.Errorf("after the daemon had accepted: %v", err)
	}
}

// fillBacklog connects until the system has no room, and returns how many
// connections that took, or -1 if the system says that nobody listens.
func fillBacklog(t *testing.T, path string) int {
	t.Helper()
	for n := 0; ; n++ {
		fd, err := newSocket()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		if err := unix.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
		err = unix.Connect(fd, &unix.SockaddrUnix{Name: path})
		switch {
		case errors.Is(err, unix.EAGAIN):
			return n
		case errors.Is(err, unix.ECONNREFUSED):
			return -1
		case err != nil:
			t.Fatal(err)
		}
	}
}

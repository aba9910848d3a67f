//go:build linux || darwin

package transport_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/skylinedb/skylinedb/internal/transport"
)

// testSocket returns a path that is free and short enough for a socket, which
// those below t.TempDir, made of the test's name, are not everywhere. Other
// users can reach it, so that it is not the folder that keeps them out.
func testSocket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "skl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "s")
}

// staleSocket leaves a socket at path as a killed daemon does.
func staleSocket(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// giveAway makes the file another user's, which only root can do.
func giveAway(path string) error {
	if os.Geteuid() != 0 {
		return os.ErrPermission
	}
	return os.Lchown(path, nobody, nobody)
}

func TestSocketMode(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o077, 0o111} {
		socket := testSocket(t)
		old := syscall.Umask(mask)
		l, err := transport.Listen(socket)
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(socket)
		if err != nil {
			t.Fatal(err)
		}
		if want := os.ModeSocket | 0o600; info.Mode() != want {
			t.Errorf("umask %#o: mode %v, want %v", mask, info.Mode(), want)
		}
		l.Close()
	}
}

func TestCloseRemovesItsSocketOnly(t *testing.T) {
	socket := testSocket(t)
	l := mustListen(t, socket)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Close left the socket: %v", err)
	}

	first := mustListen(t, socket)
	if err := os.Remove(socket); err != nil {
		t.Fatal(err)
	}
	second := mustListen(t, socket)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	mustConnect(t, second, socket)

	third := testSocket(t)
	l = mustListen(t, third)
	if err := l.Unlink(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(third); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("Unlink left the socket: %v", err)
	}
	successor := mustListen(t, third)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	mustConnect(t, successor, third)
}

func TestStaleSocketIsReplaced(t *testing.T) {
	socket := testSocket(t)
	staleSocket(t, socket)
	if _, err := transport.Dial(t.Context(), socket); !transport.IsNotRunning(err) {
		t.Errorf("dial: %v, want one that IsNotRunning", err)
	}
	l := mustListen(t, socket)
	mustConnect(t, l, socket)
}

func TestLiveSocketIsNotReplaced(t *testing.T) {
	socket := testSocket(t)
	l := mustListen(t, socket)
	if _, err := transport.Listen(socket); !errors.Is(err, transport.ErrInUse) {
		t.Fatalf("got %v, want ErrInUse", err)
	}
	conn, err := l.Accept() // the question whether somebody is there
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	mustConnect(t, l, socket)
}

// What is not our socket stays, and is neither listened on nor spoken to.
func TestForeignFiles(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, path string) error
		says string
	}{
		{"regular file", func(_ *testing.T, path string) error { return os.WriteFile(path, []byte("precious"), 0o600) }, "not a socket"},
		{"folder", func(_ *testing.T, path string) error { return os.Mkdir(path, 0o700) }, "not a socket"},
		{"FIFO", func(_ *testing.T, path string) error { return syscall.Mkfifo(path, 0o600) }, "not a socket"},
		{"link to a live socket", func(t *testing.T, path string) error {
			mustListen(t, path+"2")
			return os.Symlink(path+"2", path)
		}, "symbolic link"},
		{"link to a stale socket", func(t *testing.T, path string) error {
			staleSocket(t, path+"2")
			return os.Symlink(path+"2", path)
		}, "symbolic link"},
		{"dangling link", func(_ *testing.T, path string) error { return os.Symlink(path+"2", path) }, "symbolic link"},
		{"another user's stale socket", func(t *testing.T, path string) error {
			staleSocket(t, path)
			return giveAway(path)
		}, "belongs to user 65534"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			socket := testSocket(t)
			if err := test.make(t, socket); errors.Is(err, os.ErrPermission) {
				t.Skip("needs root: ", err)
			} else if err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(socket)
			if err != nil {
				t.Fatal(err)
			}
			_, listenErr := transport.Listen(socket)
			_, dialErr := transport.Dial(t.Context(), socket)
			for deed, err := range map[string]error{"listen": listenErr, "dial": dialErr} {
				if !errors.Is(err, transport.ErrForeign) || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), socket) {
					t.Errorf("%s: %v, want ErrForeign, the path and %q", deed, err, test.says)
				}
				if transport.IsNotRunning(err) {
					t.Errorf("%s: a foreign file is taken for no daemon", deed)
				}
			}
			after, err := os.Lstat(socket)
			if err != nil || !os.SameFile(before, after) || before.Size() != after.Size() {
				t.Errorf("what stood there did not survive: %v, %v", after, err)
			}
		})
	}
}

func TestPathsThatCannotBe(t *testing.T) {
	limit := len(unix.RawSockaddrUnix{}.Path)
	dir := filepath.Dir(testSocket(t)) + "/"
	longest := dir + strings.Repeat("s", limit-1-len(dir))
	l := mustListen(t, longest)
	mustConnect(t, l, longest)

	for path, says := range map[string]string{longest + "s": "too long", "": "is empty", "@abstract": "begins with @"} {
		_, listenErr := transport.Listen(path)
		_, dialErr := transport.Dial(t.Context(), path)
		for deed, err := range map[string]error{"listen": listenErr, "dial": dialErr} {
			if err == nil || !strings.Contains(err.Error(), says) || transport.IsNotRunning(err) {
				t.Errorf("%s %q: %v, want an error that says %q", deed, path, err, says)
			}
		}
	}
	if _, err := transport.Listen(filepath.Join(dir, "none", "s")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v, want os.ErrNotExist", err)
	}
}

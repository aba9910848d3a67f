//go:build linux || darwin

package transport_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/skylinedb/skylinedb/internal/transport"
)

// nobody is the user id of the user of that name, here the other user.
const nobody = 65534

// asNobody lets a role run as another user, which only root can do. The test
// binary lies in a folder of ours, so the other user gets a copy.
func asNobody(t *testing.T, dir string) func(*exec.Cmd) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be two users")
	}
	path := filepath.Join(dir, "test")
	if err := copyProgram(os.Args[0], path); err != nil {
		t.Fatal(err)
	}
	return func(child *exec.Cmd) {
		child.Path = path
		child.Dir = "/"
		child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
}

func copyProgram(from, to string) error {
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

// The two fences of the daemon's side: the mode, and what the kernel says of
// the peer when the mode is not enough.
func TestStrangerCannotConnect(t *testing.T) {
	socket := testSocket(t)
	stranger := asNobody(t, filepath.Dir(socket))
	l := mustListen(t, socket)
	if said := startRole(t, "connect", socket, stranger).Said; !strings.Contains(said, "permission denied") {
		t.Errorf("to a socket of mode 0600: %s, want permission denied", said)
	}
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	refused := make(chan error)
	go func() {
		_, err := l.Accept()
		refused <- err
	}()
	if said := startRole(t, "connect", socket, stranger).Said; said != "read: 0 EOF" && !strings.Contains(said, "reset") {
		t.Errorf("to a socket of mode 0666: %s, want a hang-up", said)
	}
	if err := <-refused; !errors.Is(err, transport.ErrPeer) || !strings.Contains(err.Error(), "user 65534") {
		t.Errorf("Accept: %v, want ErrPeer and user 65534", err)
	}
	mustConnect(t, l, socket) // the listener goes on
}

// The two fences of the client's side: the file's owner, and the process that
// listens when the file is ours.
func TestStrangerCannotListen(t *testing.T) {
	socket := testSocket(t)
	stranger := asNobody(t, filepath.Dir(socket))
	if err := os.Chmod(filepath.Dir(socket), 0o777); err != nil {
		t.Fatal(err)
	}
	if said := startRole(t, "listen", socket, stranger).Said; said != "listen: <nil>" {
		t.Fatal(said)
	}
	if _, err := transport.Dial(t.Context(), socket); !errors.Is(err, transport.ErrForeign) || !strings.Contains(err.Error(), "belongs to user 65534") {
		t.Errorf("a stranger's socket: %v, want ErrForeign", err)
	}
	if _, err := transport.Listen(socket); !errors.Is(err, transport.ErrForeign) {
		t.Errorf("listen on a stranger's socket: %v, want ErrForeign", err)
	}
	if err := os.Chown(socket, os.Geteuid(), os.Getegid()); err != nil {
		t.Fatal(err)
	}
	if _, err := transport.Dial(t.Context(), socket); !errors.Is(err, transport.ErrForeign) || !strings.Contains(err.Error(), "process of user 65534") {
		t.Errorf("a stranger behind our socket: %v, want ErrForeign", err)
	}
}

// The client refuses by the owner, before it meets the mode.
func TestStrangerIsToldWhoseSocketItIs(t *testing.T) {
	socket := testSocket(t)
	stranger := asNobody(t, filepath.Dir(socket))
	mustListen(t, socket)
	if said := startRole(t, "dial", socket, stranger).Said; !strings.Contains(said, "belongs to user 0 and not to user 65534") {
		t.Errorf("got %q", said)
	}
}

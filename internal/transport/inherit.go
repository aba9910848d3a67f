//go:build linux || darwin

package transport

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Inherit listens on a socket that whoever started this program has bound to
// the path socket and holds open, such as systemd. The Listener has a copy of
// file, which stays the caller's. Its Unlink and Close leave the socket where
// it is: clients that come later wait there for the next daemon.
//
// It fails with one sentence if file is not a listening Unix socket of that
// path, or if others than its owner may connect.
//
// Source: https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
func Inherit(file *os.File, socket string) (*Listener, error) {
	if err := checkInherited(file, socket); err != nil {
		return nil, fmt.Errorf("listen on the socket that was passed on: %w", err)
	}
	ln, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("listen on the socket that was passed on: %w", err)
	}
	l := &listener{ln: ln.(*net.UnixListener), path: socket, unlinked: true}
	l.ln.SetUnlinkOnClose(false)
	return &Listener{os: l}, nil
}

func checkInherited(file *os.File, socket string) error {
	fd := int(file.Fd())
	accepts, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil {
		return fmt.Errorf("it is no socket: %w", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return err
	}
	bound, ok := name.(*unix.SockaddrUnix)
	if !ok || accepts == 0 {
		return fmt.Errorf("it is not a Unix socket that listens for streams: pass one by ListenStream=%s", socket)
	}
	if bound.Name != socket && !sameFile(bound.Name, socket) {
		return fmt.Errorf("it is %q, and this daemon's is %q: give both the same path", bound.Name, socket)
	}
	info, err := os.Lstat(socket)
	if err != nil {
		return err
	}
	if err := checkSocket(info); err != nil {
		return err
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return fmt.Errorf("it has mode %#o instead of 0600: set SocketMode=0600", perm)
	}
	return nil
}

func sameFile(a, b string) bool {
	fa, errA := os.Lstat(a)
	fb, errB := os.Lstat(b)
	return errA == nil && errB == nil && os.SameFile(fa, fb)
}

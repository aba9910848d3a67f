//go:build linux || darwin

package transport

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// peerUID returns the effective user id of the process at the other end, as it
// was when that process connected or began to listen.
func peerUID(conn *net.UnixConn) (uid uint32, err error) {
	raw, err := conn.SyscallConn()
	if err == nil {
		var credErr error
		err = raw.Control(func(fd uintptr) { uid, credErr = socketPeer(int(fd)) })
		if err == nil {
			err = credErr
		}
	}
	if err != nil {
		return 0, fmt.Errorf("ask for the peer: %w", err)
	}
	return uid, nil
}

func peerPID(conn net.Conn) (pid int) {
	withSocket(conn, func(fd int) {
		if n, err := socketPID(fd); err == nil {
			pid = n
		}
	})
	return pid
}

// hungUp asks for the state in which neither side sends any more; what the
// client alone has shut down shows in other bits.
//
// Source: POLLHUP in https://man7.org/linux/man-pages/man2/poll.2.html
func hungUp(conn net.Conn) (up bool) {
	withSocket(conn, func(fd int) {
		fds := []unix.PollFd{{Fd: int32(fd)}}
		n, err := unix.Poll(fds, 0)
		up = err == nil && n > 0 && fds[0].Revents&unix.POLLHUP != 0
	})
	return up
}

// withSocket calls f with the socket of a connection that is open.
func withSocket(conn net.Conn, f func(fd int)) {
	u, ok := conn.(*net.UnixConn)
	if !ok {
		return
	}
	if raw, err := u.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { f(int(fd)) }) // it is closed: nothing is told
	}
}

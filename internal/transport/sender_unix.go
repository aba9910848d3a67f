//go:build linux || darwin

package transport

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// sender writes to a socket, which Go keeps in non-blocking mode.
type sender struct {
	raw syscall.RawConn // nil where the connection is no socket
	try func(fd uintptr) bool

	// Of the present Send.
	b   []byte
	n   int
	err error
}

func newSender(conn net.Conn) *sender {
	s := &sender{}
	if u, ok := conn.(*net.UnixConn); ok {
		s.raw, _ = u.SyscallConn() // fails where it is closed: a blocking write will say so
	}
	s.try = s.write
	return s
}

func (s *sender) send(b []byte) (int, error) {
	if s.raw == nil {
		return 0, nil
	}
	s.b, s.n, s.err = b, 0, nil
	err := s.raw.Write(s.try)
	s.b = nil
	if err == nil {
		err = s.err
	}
	return s.n, err
}

// write writes once. It returns true: there is nothing to wait for.
func (s *sender) write(fd uintptr) bool {
	for {
		n, err := unix.Write(int(fd), s.b)
		switch err {
		case nil:
			s.n = n
		case unix.EINTR:
			continue
		case unix.EAGAIN:
		default:
			s.err = err
		}
		return true
	}
}

//go:build linux || darwin

package transport

import (
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// rawConn returns a socket for system calls of one's own, which Go keeps in
// non-blocking mode; nil where the connection is none, or closed.
func rawConn(conn net.Conn) syscall.RawConn {
	if u, ok := conn.(*net.UnixConn); ok {
		if raw, err := u.SyscallConn(); err == nil {
			return raw
		}
	}
	return nil
}

// sender writes to a socket.
type sender struct {
	raw  syscall.RawConn
	once func(fd uintptr)

	// Of the present Send.
	b   []byte
	n   int
	err error
}

func newSender(conn net.Conn) *sender {
	s := &sender{raw: rawConn(conn)}
	s.once = s.write
	return s
}

func (s *sender) send(b []byte) (int, error) {
	if s.raw == nil {
		return 0, nil
	}
	s.b, s.n, s.err = b, 0, nil
	err := s.raw.Control(s.once) // no deadline of Write is in the way
	s.b = nil
	if err == nil {
		err = s.err
	}
	return s.n, err
}

// write writes once.
func (s *sender) write(fd uintptr) {
	n, err := again(func() (int, error) { return unix.Write(int(fd), s.b) })
	switch err {
	case nil:
		s.n = n
	case unix.EAGAIN:
	default:
		s.err = err
	}
}

// receive reads until there is nothing more, and only then waits. That takes one
// read that finds nothing: the poller tells once of an arrival and of the end
// behind it, so a read that did not fill the room may not have seen the end.
//
// Source: https://man7.org/linux/man-pages/man7/epoll.7.html, question 9
func receive(conn net.Conn, room func() []byte, arrived func(n int) bool) error {
	raw := rawConn(conn)
	if raw == nil {
		return receivePlainly(conn, room, arrived)
	}
	var failed error
	err := raw.Read(func(fd uintptr) (done bool) {
		for {
			b := room()
			n, err := again(func() (int, error) { return unix.Read(int(fd), b) })
			switch {
			case err == unix.EAGAIN:
				return !arrived(0)
			case err != nil:
				failed = err
				return true
			case n == 0:
				failed = io.EOF
				return true
			case !arrived(n):
				return true
			}
		}
	})
	if err == nil {
		err = failed
	}
	return err
}

// again repeats a system call that a signal has interrupted.
func again(call func() (int, error)) (n int, err error) {
	for {
		if n, err = call(); err != unix.EINTR {
			return n, err
		}
	}
}

func hangUp(conn net.Conn) {
	if _, ok := conn.(*net.UnixConn); !ok {
		conn.Close()
		return
	}
	withSocket(conn, func(fd int) { _ = unix.Shutdown(fd, unix.SHUT_RDWR) }) // it is not connected any more
}

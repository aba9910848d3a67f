package transport

import (
	"context"
	"errors"
	"net"
	"time"
)

var (
	// ErrPeer is wrapped by Accept's error when it turned away a connection
	// of another user, or one whose user could not be learned. The listener
	// goes on: the caller counts it and calls Accept again.
	ErrPeer = errors.New("connection refused to another user")
	// ErrForeign is wrapped by Dial's error when what it found is not our own
	// user's socket, or the process that listens on it not our own user's;
	// nothing was sent. Listen's error wraps it when it found such a thing
	// where its socket should be.
	ErrForeign = errors.New("not a socket of this user")
	// ErrInUse is wrapped by Listen's error when somebody answers on the
	// socket: a listener that does not hold the instance lock, such as a
	// daemon whose lock file was deleted.
	ErrInUse = errors.New("another program is listening")
)

// Listener hands out the connections of our own user's clients. It is safe for
// concurrent use.
type Listener struct{ os *listener }

var _ net.Listener = (*Listener)(nil)

// Listen listens on socket. The caller holds the instance lock of that socket,
// see oslock.Instance, and keeps it until after Close: Listen takes an old
// socket of ours for a dead daemon's and replaces it. It fails with one
// sentence if the path is too long for the system or something else stands
// there, and with [ErrInUse] if somebody answers there.
//
// Source: https://man7.org/linux/man-pages/man7/unix.7.html,
// https://learn.microsoft.com/en-us/windows/win32/ipc/named-pipes
func Listen(socket string) (*Listener, error) {
	l, err := listen(socket)
	if err != nil {
		return nil, err
	}
	return &Listener{os: l}, nil
}

// Accept waits for a client and returns its connection. An error that wraps
// [ErrPeer] concerns one connection, which is closed; any other ends the
// accepting: [net.ErrClosed] after Close, [os.ErrDeadlineExceeded] after the
// deadline, or the system's. On Windows the system itself turns strangers
// away and ErrPeer does not occur.
func (l *Listener) Accept() (net.Conn, error) { return l.os.accept() }

// Addr returns the socket's address.
func (l *Listener) Addr() net.Addr { return l.os.addr() }

// SetDeadline sets the time after which Accept fails with
// [os.ErrDeadlineExceeded], a waiting Accept too; the zero time is never.
func (l *Listener) SetDeadline(t time.Time) error { return l.os.setDeadline(t) }

// Unlink lets no new client come, and leaves those who already came to be
// accepted: a daemon that ends unlinks, accepts until a near deadline passes
// or Accept fails otherwise, and closes. It is idempotent.
//
// On Unix it removes the socket file, if that is still the one Listen made. A
// pipe has no file; on Windows the one free instance of the pipe is the last:
// after it has its client, Accept fails with [net.ErrClosed].
func (l *Listener) Unlink() error { return l.os.unlink() }

// Close does what Unlink does and ends the listening; a waiting Accept returns
// [net.ErrClosed]. Connections that were accepted stay. A second Close is an
// error that wraps net.ErrClosed.
func (l *Listener) Close() error { return l.os.close() }

// Dial connects to the daemon listening on socket, once it is sure that socket
// and daemon are our own user's, and otherwise fails with [ErrForeign]. It
// waits, until ctx ends, only while a daemon is there and has its hands full.
// See [IsNotRunning] for the error when there is none. The connection outlives
// ctx.
func Dial(ctx context.Context, socket string) (net.Conn, error) { return dial(ctx, socket) }

// Sender writes to a connection without waiting for its client. It may be used
// beside the connection's Read, and by one goroutine at a time in the place of
// its Write, whose deadline does not matter.
type Sender struct{ os *sender }

// NewSender returns the Sender of a connection that Accept returned.
func NewSender(conn net.Conn) *Sender { return &Sender{newSender(conn)} }

// Send writes as much of b as the client's buffer takes at once, and returns
// how much: less than all, or nothing, is no error, and the rest is for the
// connection's Write. On Windows that is always all of it.
func (s *Sender) Send(b []byte) (n int, err error) { return s.os.send(b) }

// Receive reads what arrives on a connection that Accept returned into the room
// it is given, which is not empty, and calls arrived with the number of bytes,
// until that returns false or reading fails: with [io.EOF] at the end, with
// [os.ErrDeadlineExceeded] after the read deadline. Room is asked for when there
// is something to read, where the system allows; if there turns out to be
// nothing, arrived is told 0. No other Read may go on meanwhile, and Close waits
// for arrived: see [HangUp].
func Receive(conn net.Conn, room func() []byte, arrived func(n int) bool) error {
	return receive(conn, room, arrived)
}

// receivePlainly is Receive by Read alone.
func receivePlainly(conn net.Conn, room func() []byte, arrived func(n int) bool) error {
	for {
		n, err := conn.Read(room())
		if n > 0 && !arrived(n) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// HangUp ends a connection for both sides without waiting for anyone: reads and
// writes that go on fail. It remains to be closed.
func HangUp(conn net.Conn) { hangUp(conn) }

// PeerPID returns the number of the process at the other end of a connection
// that Accept returned, 0 where the system does not tell it. The process may
// have ended since, and its number may be another's.
func PeerPID(conn net.Conn) int { return peerPID(conn) }

// HungUp reports whether the client of a connection, from which nothing more
// can be read, has closed it altogether. On Unix it may have closed its sending
// side alone, and still wait for replies.
func HungUp(conn net.Conn) bool { return hungUp(conn) }

// IsNotRunning reports whether err, from [Dial], says that nobody listens
// there: no socket, or one that a dead daemon left. A daemon can be started then.
func IsNotRunning(err error) bool { return isNotRunning(err) }

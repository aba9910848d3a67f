//go:build linux || darwin

package transport

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// backlog is how many connections wait to be accepted; the system lowers it to
// its own limit.
const backlog = 4096

// listener is a bound Unix socket and the file that is its name.
type listener struct {
	ln   *net.UnixListener
	path string
	file fs.FileInfo // the socket's identity, to tell it from a successor's

	mu       sync.Mutex
	unlinked bool
}

func listen(path string) (*listener, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if err := clearPath(path); err != nil {
		return nil, fmt.Errorf("listen on %q: %w", path, err)
	}
	fd, err := newSocket()
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", path, err)
	}
	// The file owns fd from here on; FileListener works on a copy.
	file := os.NewFile(uintptr(fd), path)
	defer file.Close()
	l := &listener{path: path}
	if l.file, err = bind(fd, path); err != nil {
		return nil, fmt.Errorf("listen on %q: %w", path, err)
	}
	if err := l.listen(fd, file); err != nil {
		return nil, fmt.Errorf("listen on %q: %w", path, errors.Join(err, l.unlink()))
	}
	return l, nil
}

// listen opens the bound socket to clients.
func (l *listener) listen(fd int, file *os.File) error {
	if err := unix.Listen(fd, backlog); err != nil {
		return err
	}
	ln, err := net.FileListener(file)
	if err != nil {
		return err
	}
	l.ln = ln.(*net.UnixListener)
	l.ln.SetUnlinkOnClose(false) // it would remove a successor's socket as well
	return nil
}

// newSocket returns a socket that no child process inherits. Darwin has no
// SOCK_CLOEXEC, so the flag is set under the lock that forks take.
func newSocket() (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return -1, fmt.Errorf("make a socket: %w", err)
	}
	unix.CloseOnExec(fd)
	return fd, nil
}

// bind gives the socket its name and returns the identity of that file, which
// has mode 0600 and is ours. A client cannot connect before unix.Listen.
func bind(fd int, path string) (fs.FileInfo, error) {
	if err := bindPrivate(fd, path); err != nil {
		return nil, err
	}
	file, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if err := checkSocket(file); err != nil {
		return nil, fmt.Errorf("it was replaced at once: %w", err)
	}
	if perm := file.Mode().Perm(); perm != 0o600 {
		os.Remove(path)
		return nil, fmt.Errorf("the socket has mode %#o instead of 0600; look at the umask and at the file system of its folder", perm)
	}
	return file, nil
}

// clearPath removes what a dead daemon left at path, and nothing else.
func clearPath(path string) error {
	file, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := checkSocket(file); err != nil {
		return fmt.Errorf("%w; remove it or choose another socket", err)
	}
	// The instance lock says that no daemon lives. Its file can have been
	// deleted all the same, so the socket is asked as well.
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	switch {
	case err == nil:
		conn.Close()
		return ErrInUse
	case errors.Is(err, unix.EAGAIN): // a full backlog is somebody's
		return ErrInUse
	case !isNotRunning(err):
		return fmt.Errorf("%w; if nobody uses it, remove it", err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the socket of a dead daemon: %w", err)
	}
	return nil
}

// checkSocket fails with ErrForeign unless file is a socket of our own user.
func checkSocket(file fs.FileInfo) error {
	if file.Mode()&fs.ModeSymlink != 0 {
		return fmt.Errorf("%w: it is a symbolic link", ErrForeign)
	}
	if file.Mode()&fs.ModeSocket == 0 {
		return fmt.Errorf("%w: it is not a socket", ErrForeign)
	}
	if uid := file.Sys().(*syscall.Stat_t).Uid; int(uid) != os.Geteuid() {
		return fmt.Errorf("%w: it belongs to user %d and not to user %d, who runs this program", ErrForeign, uid, os.Geteuid())
	}
	return nil
}

// checkPath refuses what cannot be a socket's path, before the system does so
// with "invalid argument".
func checkPath(path string) error {
	const limit = len(unix.RawSockaddrUnix{}.Path) // 108 on Linux, 104 on Darwin
	switch {
	case path == "":
		return errors.New("the socket's path is empty")
	case len(path)+1 > limit: // 1 for the NUL at the end
		return fmt.Errorf("the socket's path %q is too long: it has %d bytes, and the system allows %d; choose a shorter one", path, len(path), limit-1)
	case path[0] == '@':
		// To package net and x/sys this is a name in Linux's abstract
		// namespace, which knows no owner and no mode.
		return fmt.Errorf("the socket's path %q begins with @; write ./ before it", path)
	}
	return nil
}

func (l *listener) accept() (net.Conn, error) {
	conn, err := l.ln.AcceptUnix()
	if err != nil {
		return nil, err
	}
	uid, err := peerUID(conn)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("accept on %q: %w: its user is unknown: %w", l.path, ErrPeer, err)
	}
	if int(uid) != os.Geteuid() {
		conn.Close()
		return nil, fmt.Errorf("accept on %q: %w: user %d", l.path, ErrPeer, uid)
	}
	return conn, nil
}

func (l *listener) addr() net.Addr { return l.ln.Addr() }

func (l *listener) setDeadline(t time.Time) error { return l.ln.SetDeadline(t) }

// unlink removes the file only while the socket is open: as long as it is, no
// other file can have its inode number.
func (l *listener) unlink() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unlinked {
		return nil
	}
	file, err := os.Lstat(l.path)
	if err == nil && os.SameFile(file, l.file) {
		err = os.Remove(l.path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the socket %q: %w", l.path, err)
	}
	l.unlinked = true
	return nil
}

func (l *listener) close() error {
	err := l.unlink()
	l.mu.Lock()
	l.unlinked = true // from now on the inode number may be another's
	l.mu.Unlock()
	return errors.Join(err, l.ln.Close())
}

func dial(ctx context.Context, path string) (net.Conn, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	file, err := os.Lstat(path)
	if err != nil {
		return nil, fmt.Errorf("connect to %q: %w", path, err)
	}
	if err := checkSocket(file); err != nil {
		return nil, fmt.Errorf("connect to %q: %w", path, err)
	}
	conn, err := connect(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("connect to %q: %w", path, err)
	}
	// The file may have been replaced since, and its owner is not always
	// who listens: what counts is the process at the other end.
	uid, err := peerUID(conn)
	if err == nil && int(uid) != os.Geteuid() {
		err = fmt.Errorf("%w: a process of user %d listens there", ErrForeign, uid)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("connect to %q: %w", path, err)
	}
	return conn, nil
}

// connect waits while the listener's backlog is full. Linux says so at once
// and offers nothing to wait on, so it asks again at growing intervals. (On
// Darwin a full backlog looks like no listener.)
func connect(ctx context.Context, path string) (*net.UnixConn, error) {
	var d net.Dialer
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		conn, err := d.DialContext(ctx, "unix", path)
		if err == nil {
			return conn.(*net.UnixConn), nil
		}
		if !errors.Is(err, unix.EAGAIN) {
			return nil, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("its queue of connections is full: %w", ctx.Err())
		}
	}
}

// isNotRunning knows one case more on Darwin: a listener that closed between
// connect and the question who it is.
func isNotRunning(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, unix.ENOTCONN)
}

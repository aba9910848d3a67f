package transport

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/windows"
)

// listener is a named pipe. Each client takes an instance of it for itself, so
// the listener keeps a free one ready and makes the next as soon as it is taken.
// There being always one, nobody else can take the name meanwhile.
type listener struct {
	path pipeAddr
	sa   *windows.SecurityAttributes

	accepting sync.Mutex     // one Accept at a time; guards free
	free      windows.Handle // the instance of the next client; 0 = none

	mu       sync.Mutex
	wake     windows.Handle // an event that makes a waiting Accept look at the fields below
	deadline time.Time
	unlinked bool // the free instance is the last
	closed   bool
}

func listen(path string) (*listener, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	sa, err := privateAttributes()
	if err != nil {
		return nil, fmt.Errorf("listen on \"%s\": %w", path, err)
	}
	l := &listener{path: pipeAddr(path), sa: sa}
	l.wake, err = windows.CreateEvent(nil, 0, 0, nil)
	if err != nil {
		return nil, fmt.Errorf("listen on \"%s\": make an event: %w", path, err)
	}
	l.free, err = l.instance(windows.FILE_FLAG_FIRST_PIPE_INSTANCE)
	if err != nil {
		windows.CloseHandle(l.wake)
		if errors.Is(err, windows.ERROR_ACCESS_DENIED) { // what a pipe of that name leads to
			err = fmt.Errorf("%w: %w", ErrInUse, err)
		}
		return nil, fmt.Errorf("listen on \"%s\": %w", path, err)
	}
	return l, nil
}

// checkPath refuses what cannot be a pipe's path, before the system does so
// with a number.
func checkPath(path string) error {
	const prefix, limit = `\\.\pipe\`, 256
	if len(path) <= len(prefix) || !strings.EqualFold(path[:len(prefix)], prefix) {
		return fmt.Errorf(`the pipe's path "%s" must be \\.\pipe\ and a name`, path)
	}
	if len(path) > limit {
		return fmt.Errorf("the pipe's path \"%s\" is too long: it has %d bytes, and the system allows %d; choose a shorter one", path, len(path), limit)
	}
	return nil
}

// instance makes an instance of the pipe, which clients can take from then on.
func (l *listener) instance(extra uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(string(l.path))
	if err != nil {
		return 0, err
	}
	const buffer = 64 << 10
	return windows.CreateNamedPipe(name,
		windows.PIPE_ACCESS_DUPLEX|windows.FILE_FLAG_OVERLAPPED|extra,
		windows.PIPE_TYPE_BYTE|windows.PIPE_REJECT_REMOTE_CLIENTS,
		windows.PIPE_UNLIMITED_INSTANCES, buffer, buffer, 0, l.sa)
}

func (l *listener) accept() (net.Conn, error) {
	l.accepting.Lock()
	defer l.accepting.Unlock()
	for {
		if _, err := l.remaining(); err != nil {
			return nil, l.fault(err)
		}
		if l.free == 0 {
			if err := l.renew(); err != nil {
				return nil, l.fault(err)
			}
		}
		err := l.waitClient(l.free)
		if errors.Is(err, windows.ERROR_NO_DATA) {
			// The client came and went before we looked.
			if err := windows.DisconnectNamedPipe(l.free); err != nil {
				return nil, l.fault(err)
			}
			continue
		}
		if err != nil {
			return nil, l.fault(err)
		}
		conn := &pipeConn{pipeStream: os.NewFile(uintptr(l.free), string(l.path)), path: l.path}
		l.free = 0
		l.renew() // if it fails, the next Accept tries again and reports it
		return conn, nil
	}
}

// renew makes the next free instance, or fails with net.ErrClosed if there is
// to be none. The caller holds accepting.
func (l *listener) renew() error {
	l.mu.Lock()
	last := l.unlinked
	l.mu.Unlock()
	if last {
		return net.ErrClosed
	}
	h, err := l.instance(0)
	if err != nil {
		return err
	}
	l.free = h
	return nil
}

// waitClient waits until a client has taken the instance pipe.
func (l *listener) waitClient(pipe windows.Handle) error {
	event, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(event)
	o := &windows.Overlapped{HEvent: event}
	err = windows.ConnectNamedPipe(pipe, o)
	if errors.Is(err, windows.ERROR_IO_PENDING) {
		err = l.finish(pipe, o)
	}
	if errors.Is(err, windows.ERROR_PIPE_CONNECTED) {
		return nil
	}
	return err
}

// finish waits for the pending connect o, or withdraws it on Close and at the
// deadline. The system owns o until GetOverlappedResult says otherwise. A client
// that comes while the connect is being withdrawn counts as come.
func (l *listener) finish(pipe windows.Handle, o *windows.Overlapped) error {
	for {
		milliseconds, stop := l.remaining()
		if stop == nil {
			signalled, err := windows.WaitForMultipleObjects([]windows.Handle{o.HEvent, l.wake}, false, milliseconds)
			if err == nil && signalled != windows.WAIT_OBJECT_0 {
				continue // woken, or the time is over
			}
			stop = err
		}
		if stop != nil {
			windows.CancelIoEx(pipe, o) // fails if the connect is complete, which is as well
		}
		var n uint32
		err := windows.GetOverlappedResult(pipe, o, &n, true)
		if stop != nil && errors.Is(err, windows.ERROR_OPERATION_ABORTED) {
			return stop
		}
		return err
	}
}

// remaining returns how long Accept may wait, in the milliseconds that the
// system's wait takes, or the error for which it must not.
func (l *listener) remaining() (uint32, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, net.ErrClosed
	}
	if l.deadline.IsZero() {
		return windows.INFINITE, nil
	}
	left := time.Until(l.deadline)
	if left <= 0 {
		return 0, os.ErrDeadlineExceeded
	}
	// Rounded up, so that the wait does not end before the deadline; cut
	// short where it would be longer than the system can wait.
	ms := (left + time.Millisecond - 1) / time.Millisecond
	return uint32(min(ms, windows.INFINITE-1)), nil
}

// fault gives an error the form that package net gives it.
func (l *listener) fault(err error) error {
	return &net.OpError{Op: "accept", Net: l.path.Network(), Addr: l.path, Err: err}
}

func (l *listener) addr() net.Addr { return l.path }

func (l *listener) setDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return &net.OpError{Op: "set", Net: l.path.Network(), Addr: l.path, Err: net.ErrClosed}
	}
	l.deadline = t
	return windows.SetEvent(l.wake)
}

func (l *listener) unlink() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unlinked = true
	return nil
}

func (l *listener) close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return &net.OpError{Op: "close", Net: l.path.Network(), Addr: l.path, Err: net.ErrClosed}
	}
	l.closed, l.unlinked = true, true
	err := windows.SetEvent(l.wake)
	l.mu.Unlock()

	l.accepting.Lock() // until the waiting Accept has left, and no other uses the handles
	defer l.accepting.Unlock()
	if l.free != 0 {
		err = errors.Join(err, windows.CloseHandle(l.free))
		l.free = 0
	}
	return errors.Join(err, windows.CloseHandle(l.wake))
}

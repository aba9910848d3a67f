package oslock

import (
	"errors"
	"sync"
)

// ErrLocked is what the error of a failed attempt wraps when somebody else,
// in this process or another, holds the lock.
var ErrLocked = errors.New("the lock is held by another process")

// Lock is a lock that this process holds. It is safe for concurrent use. A
// Lock that is dropped without [Lock.Unlock] stays held until the process ends.
type Lock struct {
	once    sync.Once
	release func() error
	err     error
}

// Unlock lets the lock go; after the first call it does nothing and returns
// the first call's result. It does not block. What it locked by stays where
// it is: a lock file is never removed.
func (l *Lock) Unlock() error {
	l.once.Do(func() { l.err = l.release() })
	return l.err
}

// Instance takes the lock that the one daemon listening on socket holds while
// it lives. It does not wait: the error wraps [ErrLocked] if another daemon
// holds it. On Unix the lock is the file <socket>.lock, see [TryLock]; on
// Windows a named mutex, one per pipe name.
func Instance(socket string) (*Lock, error) { return instance(socket) }

// Start takes the lock that the one client starting a daemon for socket holds
// until that daemon answers. It does not wait: the error wraps [ErrLocked] if
// another client holds it. On Unix the lock is the file <socket>.start.lock,
// see [TryLock]; on Windows a named mutex, one per pipe name.
func Start(socket string) (*Lock, error) { return start(socket) }

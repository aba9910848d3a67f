//go:build unix && !linux

package dbfile

import "golang.org/x/sys/unix"

// queryLock asks for the locks of other processes (fcntl(2)); none is taken.
const queryLock = unix.F_GETLK

// takeLock takes a lock for the process.
const takeLock = unix.F_SETLK

package dbfile

import "golang.org/x/sys/unix"

// queryLock asks for locks of open file descriptions as well as of processes
// (fcntl(2), "Open file description locks"); none is taken.
const queryLock = unix.F_OFD_GETLK

// takeLock takes a lock for an open file description.
const takeLock = unix.F_OFD_SETLK

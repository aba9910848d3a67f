package sqlite

import "golang.org/x/sys/unix"

// setLock changes a lock of an open file description (fcntl(2)).
const setLock = unix.F_OFD_SETLK

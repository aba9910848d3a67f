//go:build linux || darwin

package sqlite

import "golang.org/x/sys/unix"

// dropLocks drops every lock that the library has taken through fd. A
// descriptor that is none is no harm.
func dropLocks(fd uintptr) {
	_ = unix.FcntlFlock(fd, setLock, &unix.Flock_t{Type: unix.F_UNLCK})
}

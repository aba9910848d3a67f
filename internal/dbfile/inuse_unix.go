//go:build unix

package dbfile

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// InUse reports whether another process has the database open, by asking the
// system for SQLite's locks on it; nothing is locked or changed. Only while
// the daemon has no connection to the file. False where there is no file.
// Errors are a [wire.Error].
func InUse(file string) (bool, error) {
	f, err := os.OpenFile(file, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, ioError(err, "look for locks on %q", file)
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: 0, Start: pendingByte, Len: lockedBytes}
	if err := unix.FcntlFlock(f.Fd(), queryLock, &lock); err != nil {
		return false, ioError(err, "look for locks on %q", file)
	}
	return lock.Type != unix.F_UNLCK, nil
}

//go:build unix

package dbfile

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Alone runs do while no other process has the database open, nor can open it,
// and reports whether it did. It locks what SQLite locks and lets go at the
// end; no byte changes. Only while the daemon has no connection to the file.
// Where there is no file, do runs. Errors are a [wire.Error], or do's.
func Alone(file string, do func() error) (bool, error) {
	f, err := os.OpenFile(file, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return true, do()
	}
	if err != nil {
		return false, ioError(err, "lock %q", file)
	}
	defer f.Close() // which unlocks
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: 0, Start: lockStart, Len: lockBytes}
	err = unix.FcntlFlock(f.Fd(), takeLock, &lock)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return false, nil
	}
	if err != nil {
		return false, ioError(err, "lock %q", file)
	}
	return true, do()
}

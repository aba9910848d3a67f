//go:build unix

package dbfile

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Alone runs do while no other process has the database open, nor can open it,
// and reports whether it did. For as long as patience it waits until those go
// who have it open; who comes meanwhile waits, as SQLite has it for a writer
// that waits for readers. It locks what SQLite locks and lets go at the end; no
// byte changes. Only while the daemon has no connection to the file. Where
// there is no file, do runs. Errors are a [wire.Error], or do's.
//
// Source: https://sqlite.org/lockingv3.html, section 3, "PENDING".
func Alone(file string, patience time.Duration, do func() error) (bool, error) {
	f, err := os.OpenFile(file, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return true, do()
	}
	if err != nil {
		return false, ioError(err, "lock %q", file)
	}
	defer f.Close() // which unlocks
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		pending, err := lockBytes(f, pendingByte, 1)
		if err == nil && pending {
			var alone bool
			if alone, err = lockBytes(f, pendingByte, lockedBytes); err == nil && alone {
				return true, do()
			}
		}
		if err != nil {
			return false, ioError(err, "lock %q", file)
		}
		if !time.Now().Before(end) {
			return false, nil
		}
	}
}

// lockBytes locks n bytes of a file from a place on, and reports whether that
// was possible now.
func lockBytes(f *os.File, at, n int64) (bool, error) {
	err := unix.FcntlFlock(f.Fd(), takeLock, &unix.Flock_t{Type: unix.F_WRLCK, Start: at, Len: n})
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return false, nil
	}
	return err == nil, err
}

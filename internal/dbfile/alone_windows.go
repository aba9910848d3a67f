package dbfile

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
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
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, do()
	case errors.Is(err, windows.ERROR_SHARING_VIOLATION): // somebody's who is no SQLite
		return false, nil
	case err != nil:
		return false, ioError(err, "lock %q", file)
	}
	defer f.Close() // which unlocks
	var pending, alone bool
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if !pending {
			pending, err = lockBytes(f, pendingByte, 1)
		}
		if pending && err == nil {
			alone, err = lockBytes(f, pendingByte+1, lockedBytes-1)
		}
		switch {
		case err != nil:
			return false, ioError(err, "lock %q", file)
		case alone:
			return true, do()
		case !time.Now().Before(end):
			return false, nil
		}
	}
}

// lockBytes locks n bytes of a file from a place on, and reports whether that
// was possible now. Here a lock is in the way of another one of the same file.
func lockBytes(f *os.File, at, n uint32) (bool, error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, n, 0, &windows.Overlapped{Offset: at})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	return err == nil, err
}

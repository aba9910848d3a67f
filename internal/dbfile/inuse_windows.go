package dbfile

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// InUse reports whether another process has the database open, by trying to
// lock what SQLite locks and letting go at once; no byte changes. Only while
// the daemon has no connection to the file. False where there is no file.
// Errors are a [wire.Error].
func InUse(file string) (bool, error) {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) {
		return true, nil
	}
	if err != nil {
		return false, ioError(err, "look for locks on %q", file)
	}
	defer f.Close() // which unlocks
	alone, err := lockBytes(f, pendingByte, lockedBytes)
	if err != nil {
		return false, ioError(err, "look for locks on %q", file)
	}
	return !alone, nil
}

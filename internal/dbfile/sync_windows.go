package dbfile

import (
	"os"

	"golang.org/x/sys/windows"
)

// openNoFollow has no counterpart; creating links needs a privilege here.
const openNoFollow = 0

// SyncDir returns when the names in a folder are durable: a file that was
// created, renamed or removed is so after a power failure too. The error is
// a [*wire.Error] with CodeDiskFull or CodeIOError. It does nothing on
// Windows, where a folder cannot be synced; there the marker is renamed with
// write-through instead.
func SyncDir(string) error { return nil }

// renameDurably renames a file and returns when the rename is on disk.
// Source: https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-movefileexw.
func renameDurably(from, to string) error {
	source, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	target, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	err = windows.MoveFileEx(source, target, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

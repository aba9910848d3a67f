package dbfile

import (
	"os"

	"golang.org/x/sys/windows"
)

// openNoFollow has no counterpart; creating links needs a privilege here.
const openNoFollow = 0

// SyncDir implements [Disk]. A folder cannot be synced here: Rename writes
// through instead.
func (OS) SyncDir(string) error { return nil }

// Rename implements [Disk]. It returns when the new name is on disk.
// Source: https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-movefileexw.
func (OS) Rename(from, to string) error {
	source, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	target, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	err = patiently(func() error {
		return windows.MoveFileEx(source, target, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH)
	})
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

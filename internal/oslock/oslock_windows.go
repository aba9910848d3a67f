package oslock

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows"
)

// TryLock locks the file at path, which it creates if there is none, and
// returns at once. The error wraps [ErrLocked] if the lock is held; a reparse
// point (a symbolic link, a junction) and a folder are refused and left as
// they are. While the lock is held, the file can be neither removed nor renamed.
//
// Source: https://learn.microsoft.com/en-us/windows/win32/api/fileapi/nf-fileapi-lockfileex
func TryLock(path string) (*Lock, error) {
	h, err := openLockFile(path)
	if err != nil {
		return nil, err
	}
	// The lock belongs to the handle, so two in one process exclude each
	// other. After the process ends the system drops it when it has the time
	// to, which is why the daemon's own locks are mutexes.
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err = windows.LockFileEx(h, flags, 0, 1, 0, new(windows.Overlapped))
	if err != nil {
		windows.CloseHandle(h)
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
			err = ErrLocked
		}
		return nil, fmt.Errorf("lock %q: %w", path, err)
	}
	return &Lock{release: func() error {
		err := errors.Join(windows.UnlockFileEx(h, 0, 1, 0, new(windows.Overlapped)), windows.CloseHandle(h))
		if err != nil {
			return fmt.Errorf("unlock %q: %w", path, err)
		}
		return nil
	}}, nil
}

// openLockFile returns a handle rather than an os.File, because the collector
// closes a File that nobody refers to, and with it would go the lock.
func openLockFile(path string) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, fmt.Errorf("open lock file %q: %w", path, err)
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_ALWAYS,
		windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return 0, fmt.Errorf("open lock file %q: %w", path, err)
	}
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(h, &info); err != nil {
		windows.CloseHandle(h)
		return 0, fmt.Errorf("look at lock file %q: %w", path, err)
	}
	const odd = windows.FILE_ATTRIBUTE_REPARSE_POINT | windows.FILE_ATTRIBUTE_DIRECTORY
	if info.FileAttributes&odd != 0 {
		windows.CloseHandle(h)
		return 0, fmt.Errorf("lock file %q is not a regular file; remove it", path)
	}
	return h, nil
}

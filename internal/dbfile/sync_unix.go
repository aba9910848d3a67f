//go:build unix

package dbfile

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// openNoFollow makes an open fail on a symbolic link.
const openNoFollow = unix.O_NOFOLLOW

// SyncDir returns when the names in a folder are durable: a file that was
// created, renamed or removed is so after a power failure too. The error is
// a [*wire.Error] with CodeDiskFull or CodeIOError. It does nothing on
// Windows, where a folder cannot be synced; there the marker is renamed with
// write-through instead.
func SyncDir(dir string) error {
	if err := syncDir(dir); err != nil {
		return ioError(err, "sync the folder %q", dir)
	}
	return nil
}

func syncDir(dir string) (err error) {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// A file system that cannot sync folders says so; it does what it can by
	// itself, and SQLite goes on too.
	if err := f.Sync(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOTSUP) {
		return err
	}
	return nil
}

// renameDurably renames a file within its folder and syncs the folder.
func renameDurably(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

//go:build unix

package dbfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openNoFollow makes an open fail on a symbolic link.
const openNoFollow = unix.O_NOFOLLOW

// Rename implements [Disk].
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// SyncDir implements [Disk].
func (OS) SyncDir(dir string) (err error) {
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

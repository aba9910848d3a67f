package dbfile

import (
	"io"
	"os"
)

// Disk is where names are created, renamed and removed: [OS], or a disk of
// tests that fails or that loses what was not synced.
type Disk interface {
	// Create makes a file that nobody has yet, which its owner alone may read.
	// It follows no link.
	Create(path string) (DiskFile, error)
	Rename(from, to string) error
	Remove(path string) error
	// SyncDir returns when the names in a folder are durable: a file that
	// was created, renamed or removed is so after a power failure too.
	SyncDir(dir string) error
}

// DiskFile is a file that is being written.
type DiskFile interface {
	io.WriteCloser
	// Sync returns when the content is durable.
	Sync() error
}

// OS is the system's disk.
type OS struct{}

// Create implements [Disk].
func (OS) Create(path string) (DiskFile, error) {
	return openPatiently(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
}

// Remove implements [Disk].
func (OS) Remove(path string) error {
	return patiently(func() error { return os.Remove(path) })
}

// openPatiently opens a file that is not a link.
func openPatiently(path string, flag int) (f *os.File, err error) {
	err = patiently(func() error {
		f, err = os.OpenFile(path, flag|openNoFollow, 0o600)
		return err
	})
	return f, err
}

// SyncDir returns when the names in the folder are durable. The error is a
// [*wire.Error] with CodeDiskFull or CodeIOError.
func SyncDir(disk Disk, dir string) error {
	if err := disk.SyncDir(dir); err != nil {
		return ioError(err, "sync the folder %q", dir)
	}
	return nil
}

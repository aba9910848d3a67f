package dbfile

import (
	"errors"
	"io"
	"os"
)

// The suffixes of SQLite's own files beside a database.
// Source: https://sqlite.org/tempfiles.html.
const (
	logSuffix     = "-wal"
	indexSuffix   = "-shm"
	journalSuffix = "-journal"
)

// LogSize returns the size in bytes of a database's write-ahead log, 0 if
// there is none. It opens nothing and is safe at any time. The error is a
// [*wire.Error] with CodeIOError.
func LogSize(file string) (int64, error) {
	return sideFileSize(file + logSuffix)
}

// HasLog reports whether a database has a write-ahead log, or something in its
// place. It opens nothing and is safe at any time.
func HasLog(file string) bool {
	_, err := os.Lstat(file + logSuffix)
	return !isAbsent(err)
}

// sideFileSize returns the size of a side file, 0 if there is none. SQLite
// follows no link there, so anything but a regular file is an error.
func sideFileSize(path string) (int64, error) {
	info, err := os.Lstat(path)
	switch {
	case isAbsent(err):
		return 0, nil
	case err == nil && !info.Mode().IsRegular():
		err = errNotRegular
	}
	if err != nil {
		return 0, ioError(err, "look at %q", path)
	}
	return info.Size(), nil
}

// RemoveEmptySideFiles clears what the earlier file of that name left, before
// another database file is opened in its place. Call it only while the daemon
// has no connection to the file, only when the file is another one than
// before, and after [CheckLog]:
//
//   - an empty "-wal" goes;
//   - a "-wal" with content stays, always;
//   - "-shm" goes unless it is the index of the log that stays: a reader of the
//     earlier file may keep it alive, and a connection that found it would take
//     its word for what the log holds;
//   - a "-journal" stays: CheckLog has refused one that would do harm.
//
// A reader of the earlier file that is still there keeps its removed side
// files and its view. The error is a [*wire.Error] with CodeIOError, for
// example on Windows, where a file in use cannot be removed.
//
// Source: https://sqlite.org/howtocorrupt.html, section 1.4.
func RemoveEmptySideFiles(disk Disk, file string) error {
	size, err := LogSize(file)
	if err != nil {
		return err
	}
	if size > 0 {
		head, ok, err := readLogHeader(file + logSuffix)
		if err != nil {
			return err
		}
		if ok && indexNames(file, head) {
			return nil
		}
		return removeSideFile(disk, file+indexSuffix)
	}
	// The log first: a crash in between leaves an index without a log, which
	// the next connection builds anew.
	if err := removeSideFile(disk, file+logSuffix); err != nil {
		return err
	}
	return removeSideFile(disk, file+indexSuffix)
}

func removeSideFile(disk Disk, path string) error {
	if err := disk.Remove(path); err != nil && !isAbsent(err) {
		return ioError(err, "remove the left-over %q", path)
	}
	return nil
}

// readPart returns n bytes of a file from a place on, fewer if it ends before.
// It opens the file: only while the daemon has no connection to it.
func readPart(path string, at int64, n int) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openNoFollow, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close() // nothing was written
	part := make([]byte, n)
	got, err := f.ReadAt(part, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return part[:got], nil
}

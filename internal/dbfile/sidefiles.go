package dbfile

import (
	"errors"
	"io"
	"os"

	"github.com/skylinedb/skylinedb/wire"
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
//   - a hot "-journal" stays and is the error [wire.CodeStaleWAL]: SQLite
//     would roll the new file back to pages of the earlier one. An empty one,
//     and one whose header was cleared (journal_mode PERSIST), is harmless.
//
// A reader of the earlier file that is still there keeps its removed side
// files and its view. Other errors have CodeIOError, for example on Windows,
// where a file in use cannot be removed.
//
// Source: https://sqlite.org/howtocorrupt.html, section 1.4, and
// https://sqlite.org/lockingv3.html, section 4.1 for hot journals.
func RemoveEmptySideFiles(file string) error {
	if err := checkJournal(file); err != nil {
		return err
	}
	size, err := LogSize(file)
	if err != nil {
		return err
	}
	if size > 0 {
		head, ok, err := readLogHeader(file + logSuffix)
		if err != nil {
			return err
		}
		if ok && indexNames(file+indexSuffix, head) {
			return nil
		}
		return removeSideFile(file + indexSuffix)
	}
	// The log first: a crash in between leaves an index without a log, which
	// the next connection builds anew.
	if err := removeSideFile(file + logSuffix); err != nil {
		return err
	}
	return removeSideFile(file + indexSuffix)
}

// checkJournal returns CodeStaleWAL if the journal beside file is one that
// SQLite would roll back: a non-zero first byte makes it hot.
func checkJournal(file string) error {
	path := file + journalSuffix
	size, err := sideFileSize(path)
	if err != nil || size == 0 {
		return err
	}
	first, err := readHead(path, 1)
	if err != nil {
		return ioError(err, "read the journal %q", path)
	}
	if len(first) == 0 || first[0] == 0 {
		return nil
	}
	return wire.Errorf(wire.CodeStaleWAL,
		"The rollback journal %q was left by an earlier file of that name; move it away, or open it with sqlite3 together with the file it belongs to, then reopen the database.", path)
}

func removeSideFile(path string) error {
	if err := os.Remove(path); err != nil && !isAbsent(err) {
		return ioError(err, "remove the left-over %q", path)
	}
	return nil
}

// readHead returns the first n bytes of a file, fewer if it is shorter. It
// opens the file: only while the daemon has no connection to it.
func readHead(path string, n int) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openNoFollow, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close() // nothing was written
	head := make([]byte, n)
	got, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return head[:got], nil
}

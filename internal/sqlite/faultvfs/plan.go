package faultvfs

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ncruces/go-sqlite3"
)

// Kind is what an operation does.
type Kind string

// The kinds of operations.
const (
	Open     Kind = "open"
	Read     Kind = "read"
	Write    Kind = "write"
	Truncate Kind = "truncate"
	Sync     Kind = "sync" // of a file
	Map      Kind = "map"  // the index into memory, when a file was just opened
	Remove   Kind = "remove"
	Create   Kind = "create" // a marker
	Rename   Kind = "rename" // a marker
	SyncDir  Kind = "sync of the folder"
)

// Op is one operation on the disk.
type Op struct {
	Kind Kind
	Path string
	N    int64 // the operations before it
}

// OnLog reports whether the operation is on a write-ahead log.
func (op Op) OnLog() bool { return strings.HasSuffix(filepath.Base(op.Path), "-wal") }

// Plan decides whether an operation fails. The disk asks for one at a time.
type Plan func(Op) error

// What a plan may answer.
var (
	EIO    error = syscall.EIO
	ENOSPC error = syscall.ENOSPC
	// ErrShort makes a write stop half way, for want of space.
	ErrShort = errors.New("short write")
)

// sqliteCode returns what SQLite's file layers say for a failure.
func sqliteCode(kind Kind, err error) error {
	switch {
	case err == nil:
		return nil
	case kind == Open:
		return sqlite3.CANTOPEN
	case kind == Read:
		return sqlite3.IOERR_READ
	case kind == Truncate:
		return sqlite3.IOERR_TRUNCATE
	case kind == Sync:
		return sqlite3.IOERR_FSYNC
	case kind == Remove:
		return sqlite3.IOERR_DELETE
	case err == EIO:
		return sqlite3.IOERR_WRITE
	}
	return sqlite3.FULL
}

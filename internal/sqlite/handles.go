package sqlite

import (
	"io"
	"io/fs"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// Handle is a file as the connection has it open, whatever lies at its path
// by now. It reads what SQLite reads, and takes or drops no lock.
type Handle interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// Handles returns the files that the connection has open: the database, and
// its log and the index of that where wal says that it has one. They are good
// until the connection is closed; one that the file layer does not show is nil.
func (c *Conn) Handles(wal bool) (file, log, index Handle) {
	file, _ = real(c.file).(Handle)
	if !wal {
		return file, nil, nil
	}
	if f, _ := c.log(); f != nil {
		log, _ = real(f).(Handle)
	}
	if f, ok := real(c.file).(vfs.FileSharedMemory); ok {
		index, _ = f.SharedMemory().(Handle)
	}
	return file, log, index
}

// log returns the log of a database that has one, and the journal of another;
// nil where there is none.
func (c *Conn) log() (log vfs.File, err error) {
	err = c.guard(func() error {
		// For a database with a log SQLite takes that for its journal.
		// https://sqlite.org/c3ref/c_fcntl_begin_atomic_write.html
		f, err := c.db.FileControl("main", sqlite3.FCNTL_JOURNAL_POINTER)
		log, _ = f.(vfs.File)
		return err
	})
	return log, err
}

// real returns the file of the real file layer that f stands on.
func real(f vfs.File) vfs.File {
	for {
		u, ok := f.(vfs.FileUnwrap)
		if !ok {
			return f
		}
		f = u.Unwrap()
	}
}

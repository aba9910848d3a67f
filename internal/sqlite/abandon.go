package sqlite

import "github.com/ncruces/go-sqlite3/vfs"

// abandon lets go of the files and locks of a connection that SQLite cannot
// close any more, as the end of the process would: the next connection finds
// what a crash leaves. The sandbox's memory, 256 MiB perhaps, is left.
func (c *Conn) abandon() {
	if c.file == nil {
		return
	}
	// The index of the log stays mapped, and that keeps its locks after the
	// descriptor is closed.
	if f, ok := c.file.(vfs.FileSharedMemory); ok {
		if index, ok := f.SharedMemory().(interface{ Fd() uintptr }); ok {
			dropLocks(index.Fd())
		}
	}
	c.file.Close()
}

package sqlite

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// startWriteback has the system begin to write a part of a file to the disk, and
// waits for nothing. It promises nothing either: a sync has less to do later.
//
// Source: https://man7.org/linux/man-pages/man2/sync_file_range.2.html
func startWriteback(file any, off, n int64) {
	f, ok := file.(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := f.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			_ = unix.SyncFileRange(int(fd), off, n, unix.SYNC_FILE_RANGE_WRITE)
		})
	}
}

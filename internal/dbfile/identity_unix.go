//go:build unix

package dbfile

import (
	"fmt"
	"io/fs"
	"syscall"
)

// fileNumbers returns what the file system calls a file, and how many names
// it has. It opens nothing.
func fileNumbers(info fs.FileInfo, _ string) (device, inode, links uint64, err error) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, 0, fmt.Errorf("stat gives a %T", info.Sys())
	}
	return uint64(stat.Dev), uint64(stat.Ino), uint64(stat.Nlink), nil
}

//go:build unix

package dbfile

import "syscall"

// tamperable says that the system lets others remove or cut off a file that
// is open.
const tamperable = true

// identifyLink returns the identity of what lies at path, but for the time of
// its last change. It does so for each group, which os.Lstat is too slow for.
func identifyLink(path string) (Identity, error) {
	var stat syscall.Stat_t
	if err := syscall.Lstat(path, &stat); err != nil {
		return Identity{}, err
	}
	return Identity{Device: uint64(stat.Dev), Inode: uint64(stat.Ino), Size: stat.Size}, nil
}

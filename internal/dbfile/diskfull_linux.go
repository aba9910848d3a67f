package dbfile

import "golang.org/x/sys/unix"

// blockSize returns the unit in which blocks are counted: fragments, where
// both sizes are given. https://man7.org/linux/man-pages/man3/statvfs.3.html
func blockSize(s *unix.Statfs_t) uint64 {
	if s.Frsize != 0 {
		return uint64(s.Frsize)
	}
	return uint64(s.Bsize)
}

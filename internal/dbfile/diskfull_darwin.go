package dbfile

import "golang.org/x/sys/unix"

// blockSize returns the unit in which blocks are counted.
func blockSize(s *unix.Statfs_t) uint64 { return uint64(s.Bsize) }

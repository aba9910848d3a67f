//go:build unix

package dbfile

import (
	"errors"

	"golang.org/x/sys/unix"
)

// isDiskFull reports whether err means that the disk or the user's share of
// it has no room.
func isDiskFull(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}

// isBadPath reports whether err means that no file can have such a path.
func isBadPath(err error) bool {
	return errors.Is(err, unix.ENAMETOOLONG) || errors.Is(err, unix.ENOTDIR) ||
		errors.Is(err, unix.ELOOP) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EILSEQ)
}

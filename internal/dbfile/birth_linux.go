package dbfile

import "golang.org/x/sys/unix"

// madeAfterChange reports whether one file was certainly made after the last
// change of another, its coming to its name included; false where the file
// system does not tell.
func madeAfterChange(made, changed string) bool {
	var m, c unix.Statx_t
	const mask = unix.STATX_BTIME | unix.STATX_CTIME
	for path, s := range map[string]*unix.Statx_t{made: &m, changed: &c} {
		err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, mask, s)
		if err != nil || s.Mask&mask != mask {
			return false
		}
	}
	return m.Btime.Sec > c.Ctime.Sec || m.Btime.Sec == c.Ctime.Sec && m.Btime.Nsec > c.Ctime.Nsec
}

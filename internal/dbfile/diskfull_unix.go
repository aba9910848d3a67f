//go:build linux || darwin

package dbfile

import "golang.org/x/sys/unix"

// roomFor returns how many bytes an ordinary user may still write to the file
// system of dir. One without blocks (a tmpfs with no limit, some network file
// systems) does not tell.
func roomFor(dir string) (bytes uint64, known bool) {
	var s unix.Statfs_t
	for {
		err := unix.Statfs(dir, &s)
		if err == nil {
			return s.Bavail * blockSize(&s), s.Blocks > 0
		}
		if err != unix.EINTR {
			return 0, false
		}
	}
}

package dbfile

import "golang.org/x/sys/unix"

// roomFor returns how many bytes an ordinary user may still write to the file
// system of dir. One without blocks does not tell.
func roomFor(dir string) (bytes uint64, known bool) {
	var s unix.Statfs_t
	for {
		err := unix.Statfs(dir, &s)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return 0, false
		}
	}
	return s.Bavail * uint64(s.Bsize), s.Blocks > 0
}

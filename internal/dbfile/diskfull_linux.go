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
			break
		}
		if err != unix.EINTR {
			return 0, false
		}
	}
	// Where both sizes are given, blocks are counted in fragments.
	// https://man7.org/linux/man-pages/man3/statvfs.3.html
	block := s.Frsize
	if block == 0 {
		block = s.Bsize
	}
	return s.Bavail * uint64(block), s.Blocks > 0
}

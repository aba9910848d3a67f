package dbfile

import "golang.org/x/sys/unix"

// pathconfCaseSensitive is _PC_CASE_SENSITIVE of sys/unistd.h.
const pathconfCaseSensitive = 11

// folderIgnoresCase asks the volume. No answer means yes, as on most volumes.
// Source: pathconf(2).
func folderIgnoresCase(dir string) bool {
	sensitive, err := unix.Pathconf(dir, pathconfCaseSensitive)
	return err != nil || sensitive == 0
}

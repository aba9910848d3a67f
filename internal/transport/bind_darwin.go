package transport

import (
	"os"

	"golang.org/x/sys/unix"
)

// bindPrivate binds fd to path and gives the file mode 0600. Darwin lets
// nobody set the mode before the file is there, so for a moment it is open to
// others as far as the umask lets it. That admits nobody: the right to write
// is asked for when a client connects, and until the caller calls listen(2)
// every attempt to connect is refused. The umask is not touched: it belongs to
// the whole process, and other threads create files meanwhile.
//
// Source: https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/bind.2.html
func bindPrivate(fd int, path string) error {
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return err
	}
	// Not through a symbolic link that somebody put in the file's place.
	if err := unix.Fchmodat(unix.AT_FDCWD, path, 0o600, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		os.Remove(path)
		return err
	}
	return nil
}

package transport

import "golang.org/x/sys/unix"

// bindPrivate binds fd to path so that the file has mode 0600 from the first
// moment. On Linux the file takes its mode from the socket's own, less the
// umask, so the mode is set before there is a file. The umask is not touched:
// it belongs to the whole process, and other threads create files meanwhile.
//
// Source: unix_bind_bsd in https://github.com/torvalds/linux/blob/master/net/unix/af_unix.c
func bindPrivate(fd int, path string) error {
	if err := unix.Fchmod(fd, 0o600); err != nil {
		return err
	}
	return unix.Bind(fd, &unix.SockaddrUnix{Name: path})
}

package transport

import "golang.org/x/sys/unix"

// socketPeer returns the user id of a connected socket's peer.
//
// Source: SO_PEERCRED in https://man7.org/linux/man-pages/man7/unix.7.html
func socketPeer(fd int) (uint32, error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, err
	}
	return cred.Uid, nil
}

// socketPID returns the process id of a connected socket's peer.
func socketPID(fd int) (int, error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, err
	}
	return int(cred.Pid), nil
}

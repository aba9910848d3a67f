package transport

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// socketPeer returns the user id of a connected socket's peer.
//
// Source: LOCAL_PEERCRED in unix(4), and sys/ucred.h of XNU
func socketPeer(fd int) (uint32, error) {
	cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return 0, err
	}
	const version = 0 // XUCRED_VERSION
	if cred.Version != version {
		return 0, fmt.Errorf("credentials of unknown version %d", cred.Version)
	}
	return cred.Uid, nil
}

// socketPID returns the process id of a connected socket's peer.
//
// Source: LOCAL_PEERPID in sys/un.h of XNU
func socketPID(fd int) (int, error) {
	return unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID)
}

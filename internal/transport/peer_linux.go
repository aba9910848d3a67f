package transport

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// peerUID returns the effective user id of the process at the other end, as it
// was when that process connected or began to listen.
//
// Source: SO_PEERCRED in https://man7.org/linux/man-pages/man7/unix.7.html
func peerUID(conn *net.UnixConn) (uint32, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("ask for the peer: %w", err)
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err == nil {
		err = credErr
	}
	if err != nil {
		return 0, fmt.Errorf("ask for the peer: %w", err)
	}
	return cred.Uid, nil
}

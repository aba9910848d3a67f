package transport

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// peerUID returns the effective user id of the process at the other end, as it
// was when that process connected or began to listen.
//
// Source: LOCAL_PEERCRED in unix(4), and sys/ucred.h of XNU
func peerUID(conn *net.UnixConn) (uint32, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("ask for the peer: %w", err)
	}
	var cred *unix.Xucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	})
	if err == nil {
		err = credErr
	}
	if err != nil {
		return 0, fmt.Errorf("ask for the peer: %w", err)
	}
	const version = 0 // XUCRED_VERSION
	if cred.Version != version {
		return 0, fmt.Errorf("ask for the peer: credentials of unknown version %d", cred.Version)
	}
	return cred.Uid, nil
}

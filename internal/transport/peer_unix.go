//go:build linux || darwin

package transport

import (
	"fmt"
	"net"
)

// peerUID returns the effective user id of the process at the other end, as it
// was when that process connected or began to listen.
func peerUID(conn *net.UnixConn) (uid uint32, err error) {
	raw, err := conn.SyscallConn()
	if err == nil {
		var credErr error
		err = raw.Control(func(fd uintptr) { uid, credErr = socketPeer(int(fd)) })
		if err == nil {
			err = credErr
		}
	}
	if err != nil {
		return 0, fmt.Errorf("ask for the peer: %w", err)
	}
	return uid, nil
}

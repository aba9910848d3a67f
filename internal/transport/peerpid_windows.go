package transport

import (
	"net"
	"os"

	"golang.org/x/sys/windows"
)

// peerPID asks the daemon's end of a pipe.
//
// Source: https://learn.microsoft.com/en-us/windows/win32/api/winbase/nf-winbase-getnamedpipeclientprocessid
func peerPID(conn net.Conn) int {
	c, ok := conn.(*pipeConn)
	if !ok {
		return 0
	}
	file, ok := c.pipeStream.(*os.File)
	if !ok {
		return 0
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return 0
	}
	var pid uint32
	err = raw.Control(func(fd uintptr) {
		if e := windows.GetNamedPipeClientProcessId(windows.Handle(fd), &pid); e != nil {
			pid = 0
		}
	})
	if err != nil {
		return 0
	}
	return int(pid)
}

// hungUp knows no half of a connection: a pipe that is at its end is closed.
func hungUp(net.Conn) bool { return true }

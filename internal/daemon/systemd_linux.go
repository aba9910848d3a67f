package daemon

import (
	"fmt"
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/skylinedb/skylinedb/internal/transport"
)

// firstPassed is the descriptor of the first socket that systemd passes on.
const firstPassed = 3

// inherited returns a listener on the socket that systemd passed on, or nil
// where it has passed none. A listener that is closed may be followed by
// another one on the same socket.
//
// Source: https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
func inherited(socket string) (func() (*transport.Listener, error), error) {
	pid, fds := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name)
	}
	if pid != strconv.Itoa(os.Getpid()) { // meant for another process, or nobody
		return nil, nil
	}
	switch n, err := strconv.Atoi(fds); {
	case err != nil || n < 0:
		return nil, fmt.Errorf("LISTEN_FDS is %q instead of a number", fds)
	case n == 0:
		return nil, nil
	case n > 1:
		return nil, fmt.Errorf("%d sockets were passed on: a daemon has one", n)
	}
	unix.CloseOnExec(firstPassed)
	file := os.NewFile(firstPassed, socket) // open as long as the process lives
	return func() (*transport.Listener, error) { return transport.Inherit(file, socket) }, nil
}

// tellManager tells the service manager that started this program, if one did
// that wants to know, that the daemon is ready.
//
// Source: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
func tellManager() error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	// An abstract name begins with @ for systemd and for Go.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte("READY=1"))
	return err
}

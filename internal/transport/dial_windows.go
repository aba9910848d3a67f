package transport

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// dial waits while every instance of the pipe is taken: the daemon makes the
// next one when it accepts. A stranger's process that listens there learns who
// we are (identification) and can do nothing in our name.
func dial(ctx context.Context, path string) (net.Conn, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	conn, err := winio.DialPipeAccessImpLevel(ctx, path, windows.GENERIC_READ|windows.GENERIC_WRITE, winio.PipeImpLevelIdentification)
	if err != nil {
		return nil, fmt.Errorf("connect to \"%s\": %w", path, err)
	}
	pipe, ok := conn.(interface{ Fd() uintptr })
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("connect to \"%s\": a connection without a handle: %T", path, conn)
	}
	if err := checkOwner(windows.Handle(pipe.Fd())); err != nil {
		conn.Close()
		return nil, fmt.Errorf("connect to \"%s\": %w", path, err)
	}
	return &pipeConn{pipeStream: conn, path: pipeAddr(path)}, nil
}

func isNotRunning(err error) bool { return errors.Is(err, windows.ERROR_FILE_NOT_FOUND) }

package transport

import (
	"errors"
	"net"
	"os"
	"time"
)

// pipeAddr is a pipe's path as an address.
type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }

// pipeStream is what the two ends of a pipe have in common: an os.File on the
// daemon's side and go-winio's connection on the client's.
type pipeStream interface {
	Read(b []byte) (int, error)
	Write(b []byte) (int, error)
	Close() error
	SetDeadline(t time.Time) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// pipeConn makes a connection of it, with the errors that package net's have.
type pipeConn struct {
	pipeStream
	path pipeAddr
}

var _ net.Conn = (*pipeConn)(nil)

func (c *pipeConn) LocalAddr() net.Addr  { return c.path }
func (c *pipeConn) RemoteAddr() net.Addr { return c.path }

func (c *pipeConn) Read(b []byte) (int, error) {
	n, err := c.pipeStream.Read(b)
	return n, c.closed(err)
}

func (c *pipeConn) Write(b []byte) (int, error) {
	n, err := c.pipeStream.Write(b)
	return n, c.closed(err)
}

// closed replaces the error of a file that we closed by that of a connection.
func (c *pipeConn) closed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return &net.OpError{Op: "use", Net: c.path.Network(), Addr: c.path, Err: net.ErrClosed}
	}
	return err
}

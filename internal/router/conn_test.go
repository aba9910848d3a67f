package router

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// admitted makes the router serve a connection as wrap makes it, and returns
// the client's end.
func admitted(t *testing.T, r *Router, wrap func(net.Conn) net.Conn) (client net.Conn) {
	t.Helper()
	client, server := net.Pipe()
	client.SetDeadline(time.Now().Add(time.Minute))
	r.admit(wrap(server))
	t.Cleanup(func() { client.Close() })
	return client
}

// newTestRouter returns a router whose connections are waited for after the
// test, when their clients have hung up.
func newTestRouter(t *testing.T) *Router {
	t.Helper()
	r := New(Config{MaxFrame: 1 << 20, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		r.cancel()
		r.conns.Wait()
	})
	return r
}

// wantEnd reads the end of a connection.
func wantEnd(t *testing.T, client net.Conn) {
	t.Helper()
	if n, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read %d bytes, %v; want the end", n, err)
	}
}

// unwritable is a connection to a client that reads nothing, when the time to
// write to it has passed.
type unwritable struct{ net.Conn }

func (unwritable) Write([]byte) (int, error) { return 0, errors.New("the client does not read") }

// A client that cannot be answered is asked for nothing more: requests that it
// goes on sending would be executed, and it would not learn of it.
func TestClientThatCannotBeAnsweredIsClosed(t *testing.T) {
	client := admitted(t, newTestRouter(t), func(nc net.Conn) net.Conn { return unwritable{nc} })
	if _, err := client.Write(requestOf(2)); err != nil {
		t.Fatal(err)
	}
	wantEnd(t, client)
}

// timeless is a connection without a time for its frames.
type timeless struct{ net.Conn }

func (timeless) SetReadDeadline(time.Time) error { return nil }

// A client that stops within a large frame gives way to one that does not.
func TestStalledClientGivesWay(t *testing.T) {
	const large = 2 * allowance
	r := newTestRouter(t)
	r.budget.free = large
	wrap := func(nc net.Conn) net.Conn { return timeless{nc} }
	stalled, honest := admitted(t, r, wrap), admitted(t, r, wrap)
	if _, err := stalled.Write(requestOf(large)[:allowance]); err != nil {
		t.Fatal(err)
	}
	if _, err := honest.Write(requestOf(large)); err != nil {
		t.Fatal(err)
	}
	if _, err := wire.ReadFrame(honest, wire.DefaultMaxFrame); err != nil {
		t.Error(err)
	}
	wantEnd(t, stalled)
}

// requestOf returns the frame of a request of n bytes, which is answered at
// once: it asks for nothing.
func requestOf(n int) []byte {
	frame := binary.LittleEndian.AppendUint32(nil, uint32(n))
	return append(frame, append([]byte("{}"), bytes.Repeat([]byte(" "), n-2)...)...)
}

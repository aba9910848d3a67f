package fakedaemon

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/internal/oslock"
	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/wire"
)

// Handler answers one request. Nil hangs up instead. It is called by one
// goroutine per connection, in the order of that connection's requests.
type Handler func(*wire.Request) *wire.Reply

// Server is a Handler for what has more than one frame as its reply, or goes
// by its connection. False hangs up.
type Server func(*Call) bool

// Daemon listens on a socket. The first request of a connection, if it is a
// Ping without a database, is a client's greeting, which it answers by itself.
type Daemon struct {
	Socket string
	Dir    string

	serve Server
	ln    *transport.Listener
	lock  *oslock.Lock
	wg    sync.WaitGroup

	mu       sync.Mutex
	conns    map[net.Conn]struct{}
	requests []*wire.Request
	arrived  chan struct{} // closed and replaced with each request
	ended    bool
}

// Socket returns a socket that nobody listens on, short enough for any system.
func Socket(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "skyline")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return SocketIn(dir)
}

// SocketIn returns the socket that belongs to a directory of its own.
func SocketIn(dir string) string {
	if runtime.GOOS == "windows" {
		return `\\.\pipe\` + filepath.Base(dir)
	}
	return filepath.Join(dir, "s")
}

// Start starts a daemon on a socket of its own, which ends with the test.
func Start(t testing.TB, h Handler) *Daemon {
	t.Helper()
	return StartAt(t, Socket(t), t.TempDir(), h)
}

// StartAt starts a daemon on socket that says it serves dir.
func StartAt(t testing.TB, socket, dir string, h Handler) *Daemon {
	t.Helper()
	d, err := Listen(socket, dir, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Stop)
	return d
}

// StartServer is Start for a Server.
func StartServer(t testing.TB, s Server) *Daemon {
	t.Helper()
	d, err := Serve(Socket(t), t.TempDir(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Stop)
	return d
}

// Listen is StartAt without a test: Stop must be called.
func Listen(socket, dir string, h Handler) (*Daemon, error) {
	return Serve(socket, dir, func(c *Call) bool {
		r := h(c.Request)
		return r != nil && c.Send(r)
	})
}

// Serve is Listen for a Server.
func Serve(socket, dir string, s Server) (*Daemon, error) {
	lock, err := oslock.Instance(socket)
	if errors.Is(err, oslock.ErrLocked) {
		return nil, errors.New("another daemon instance is already running")
	}
	if err != nil {
		return nil, err
	}
	ln, err := transport.Listen(socket)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	d := &Daemon{
		Socket: socket, Dir: dir, serve: s, ln: ln, lock: lock,
		conns: map[net.Conn]struct{}{}, arrived: make(chan struct{}),
	}
	d.wg.Go(d.accept)
	return d, nil
}

// Stop hangs up on everybody and waits until all is ended.
func (d *Daemon) Stop() {
	d.End()
	d.wg.Wait()
	_ = d.lock.Unlock()
}

// Wait blocks until a client has shut the daemon down, and stops it.
func (d *Daemon) Wait() {
	d.wg.Wait()
	d.Stop()
}

// End is Stop without waiting: handlers may call it.
func (d *Daemon) End() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return
	}
	d.ended = true
	_ = d.ln.Close()
	d.hangUp()
}

// HangUp ends every connection and goes on listening.
func (d *Daemon) HangUp() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hangUp()
}

func (d *Daemon) hangUp() {
	for nc := range d.conns {
		_ = nc.Close()
	}
}

// Requests returns what has arrived so far, but for the greetings.
func (d *Daemon) Requests() []*wire.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.requests)
}

// Await blocks until n requests have arrived, answered or not.
func (d *Daemon) Await(n int) []*wire.Request {
	for {
		d.mu.Lock()
		requests, arrived := slices.Clone(d.requests), d.arrived
		d.mu.Unlock()
		if len(requests) >= n {
			return requests
		}
		<-arrived
	}
}

func (d *Daemon) accept() {
	for {
		nc, err := d.ln.Accept()
		if errors.Is(err, transport.ErrPeer) {
			continue
		}
		if err != nil {
			return
		}
		d.mu.Lock()
		if d.ended {
			_ = nc.Close()
		}
		d.conns[nc] = struct{}{}
		d.mu.Unlock()
		c := &Conn{nc: nc, calls: make(chan *Call, 1024)}
		d.wg.Go(func() { d.read(c) })
		d.wg.Go(func() { d.answer(c) })
	}
}

// read notes the requests of one connection as they arrive, however long the
// server takes.
func (d *Daemon) read(c *Conn) {
	defer close(c.calls)
	defer c.end()
	for first := true; ; first = false {
		body, err := wire.ReadFrame(c.nc, wire.DefaultMaxFrame)
		if err != nil {
			return
		}
		req, err := wire.ParseRequest(body)
		if err != nil {
			req.Type = wire.Type(fmt.Sprintf("malformed: %v", err))
		}
		if !first || req.Type != wire.TypePing || req.HasDB {
			d.note(req)
		} else {
			req = &wire.Request{ID: req.ID}
		}
		c.calls <- c.begin(req)
	}
}

func (d *Daemon) note(req *wire.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests = append(d.requests, req)
	close(d.arrived)
	d.arrived = make(chan struct{})
}

func (d *Daemon) answer(c *Conn) {
	defer func() {
		_ = c.nc.Close()
		for range c.calls { // let the reader end
		}
		d.mu.Lock()
		delete(d.conns, c.nc)
		d.mu.Unlock()
	}()
	for call := range c.calls {
		ok := false
		switch call.Type {
		case "":
			ok = call.Send(d.greeting())
		case wire.TypeCancel:
			r := wire.OK()
			r.Cancelled = &call.found
			ok = call.Send(r)
		default:
			ok = d.serve(call)
		}
		c.finish(call)
		if !ok {
			return
		}
		if call.Type == wire.TypeShutdown && call.ok {
			d.End()
		}
	}
}

func (d *Daemon) greeting() *wire.Reply {
	r := wire.OK()
	r.Version, r.Protocol, r.Dir = Version, wire.Protocol, d.Dir
	return r
}

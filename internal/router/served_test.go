package router

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/wire"
)

// served is a router that serves a directory of its own on a real socket.
type served struct {
	*Router
	t     *testing.T
	ended chan error // what Run returns
}

// serve starts a router, after change, which may be nil, has changed it. It is
// shut down when the test ends at the latest.
func serve(t *testing.T, change func(*Router)) *served {
	t.Helper()
	root, err := dbfile.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	socket := fakedaemon.Socket(t)
	s := &served{t: t, ended: make(chan error, 1), Router: New(Config{
		Root: root, Socket: socket, MaxFrame: 1 << 20, Synchronous: sqlite.SyncNormal, Log: slog.New(slog.DiscardHandler),
		Listen: func() (*transport.Listener, error) { return transport.Listen(socket) },
	})}
	if change != nil {
		change(s.Router)
	}
	go func() { s.ended <- s.Run() }() // end receives it
	t.Cleanup(s.end)
	await(t, "the router listens", func() bool {
		nc, err := transport.Dial(t.Context(), socket)
		if err == nil {
			nc.Close()
		}
		return err == nil
	})
	return s
}

// end shuts the router down and waits. It may be called twice.
func (s *served) end() {
	s.t.Helper()
	if s.ended == nil {
		return
	}
	s.Shutdown()
	if err := <-s.ended; err != nil {
		s.t.Errorf("the router ended: %v", err)
	}
	s.ended = nil
}

// peer is a client of a served router.
type peer struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func (s *served) dial() *peer {
	s.t.Helper()
	nc, err := transport.Dial(s.t.Context(), s.cfg.Socket)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(time.Minute))
	return &peer{nc, s.t, bufio.NewReader(nc)}
}

// send writes requests in one piece.
func (p *peer) send(reqs ...*wire.Request) error {
	var frames []byte
	for _, req := range reqs {
		frame, err := wire.AppendFrame(frames, func(b []byte) ([]byte, error) { return wire.AppendRequest(b, req), nil })
		if err != nil {
			return err
		}
		frames = frame
	}
	_, err := p.Write(frames)
	return err
}

func (p *peer) receive() (*wire.Reply, error) {
	body, err := wire.ReadFrame(p.r, wire.DefaultMaxFrame)
	if err != nil {
		return nil, err
	}
	return wire.ParseReply(body)
}

// try sends a request and reads its reply. It may be called from any goroutine.
func (p *peer) try(req *wire.Request) (*wire.Reply, error) {
	if err := p.send(req); err != nil {
		return nil, err
	}
	return p.receive()
}

// ok is try for a request that must succeed.
func (p *peer) ok(req *wire.Request) *wire.Reply {
	p.t.Helper()
	reply, err := p.try(req)
	if err == nil {
		err = reply.Err()
	}
	if err != nil {
		p.t.Fatalf("%s of %s: %v", req.Type, req.DB, err)
	}
	return reply
}

// row returns what Status tells of a database.
func (p *peer) row(db string) wire.DatabaseStatus {
	p.t.Helper()
	for _, row := range p.ok(&wire.Request{Type: wire.TypeStatus}).Databases {
		if row.DB == db {
			return row
		}
	}
	return wire.DatabaseStatus{}
}

// batch returns the request that executes sql.
func batch(db, sql string) *wire.Request {
	return &wire.Request{Type: wire.TypeExecBatch, DB: db, HasDB: true, Stmts: []wire.Stmt{{SQL: sql}}}
}

const createT = `CREATE TABLE IF NOT EXISTS t(client INTEGER, n INTEGER)`

func insertT(client, n int) string { return fmt.Sprintf(`INSERT INTO t VALUES(%d, %d)`, client, n) }

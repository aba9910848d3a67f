package harness

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/wire"
)

// Conn is a client's connection that speaks raw frames. Its methods fail the
// test, and must then be called from the test's goroutine, except for Try,
// Send, Receive and Frame, which may be called from any.
type Conn struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

// Dial connects to the daemon. The connection is closed when the test ends.
func (d *Daemon) Dial() *Conn {
	d.t.Helper()
	c, err := Dial(d.t, d.Socket)
	if err != nil {
		d.t.Fatalf("connect: %v\n%s", err, d.Output())
	}
	return c
}

// Dial connects to whoever listens at socket.
func Dial(t testing.TB, socket string) (*Conn, error) {
	nc, err := transport.Dial(context.Background(), socket)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { nc.Close() })
	c := &Conn{Conn: nc, t: t, r: bufio.NewReader(nc)}
	return c, c.renew()
}

// renew gives what comes next on the connection its time.
func (c *Conn) renew() error { return c.SetDeadline(time.Now().Add(Patience)) }

// Frame returns the frame with that body.
func Frame(body string) []byte {
	frame, err := wire.AppendFrame(nil, func(b []byte) ([]byte, error) { return append(b, body...), nil })
	if err != nil {
		panic(err) // a body of 4 GiB
	}
	return frame
}

// Send writes frames, in one piece.
func (c *Conn) Send(bodies ...string) error {
	var frames []byte
	for _, body := range bodies {
		frames = append(frames, Frame(body)...)
	}
	_, err := c.Write(frames)
	return err
}

// Frame reads the body of the next frame.
func (c *Conn) Frame() ([]byte, error) { return wire.ReadFrame(c.r, wire.DefaultMaxFrame) }

// Receive reads the next reply.
func (c *Conn) Receive() (*wire.Reply, error) {
	body, err := wire.ReadFrame(c.r, wire.DefaultMaxFrame)
	if err != nil {
		return nil, err
	}
	return wire.ParseReply(body)
}

// Try sends a request and reads its reply.
func (c *Conn) Try(body string) (*wire.Reply, error) {
	if err := c.Send(body); err != nil {
		return nil, err
	}
	return c.Receive()
}

// Reply reads the next reply, which has its own time to come.
func (c *Conn) Reply() *wire.Reply {
	c.t.Helper()
	err := c.renew()
	var reply *wire.Reply
	if err == nil {
		reply, err = c.Receive()
	}
	if err != nil {
		c.t.Fatalf("read a reply: %v", err)
	}
	return reply
}

// Ask sends a request and reads its reply.
func (c *Conn) Ask(body string) *wire.Reply {
	c.t.Helper()
	err := c.renew()
	if err == nil {
		err = c.Send(body)
	}
	if err != nil {
		c.t.Fatalf("send %.200s: %v", body, err)
	}
	return c.Reply()
}

// OK sends a request that must succeed.
func (c *Conn) OK(body string) *wire.Reply {
	c.t.Helper()
	reply := c.Ask(body)
	if err := reply.Err(); err != nil {
		c.t.Fatalf("%.200s: %v", body, err)
	}
	return reply
}

// Refused sends a request that must fail with code, and checks that the
// failure is told as every failure is.
func (c *Conn) Refused(body string, code wire.Code) *wire.Reply {
	c.t.Helper()
	reply := c.Ask(body)
	WantCode(c.t, reply, code)
	return reply
}

// WantCode checks that a reply is a failure with that code, a sentence and a
// word on whether to ask again.
func WantCode(t testing.TB, reply *wire.Reply, code wire.Code) {
	t.Helper()
	if reply.Status != "error" || reply.Code != code {
		t.Fatalf("got %s %s %q, want an error with %s", reply.Status, reply.Code, reply.Message, code)
	}
	if reply.Message == "" || reply.Retryable == nil {
		t.Errorf("%s: message %q, retryable %v, want both", code, reply.Message, reply.Retryable)
	}
}

// WantEnd checks that the daemon ends the connection without another word.
func (c *Conn) WantEnd() {
	c.t.Helper()
	if _, err := c.r.ReadByte(); err != io.EOF {
		c.t.Fatalf("got %v, want the end of the connection", err)
	}
}

// Batch returns the ExecBatch of statements without parameters.
func Batch(db string, sql ...string) string {
	req := &wire.Request{Type: wire.TypeExecBatch, DB: db, HasDB: true}
	for _, s := range sql {
		req.Stmts = append(req.Stmts, wire.Stmt{SQL: s})
	}
	return string(wire.AppendRequest(nil, req))
}

// Command returns a request that has a database, or none where db is "".
func Command(typ wire.Type, db string) string {
	return string(wire.AppendRequest(nil, &wire.Request{Type: typ, DB: db, HasDB: db != ""}))
}

// With adds a field to a request.
func With(body, name string, value any) string {
	text, err := json.Marshal(map[string]any{name: value})
	if err != nil {
		panic(err)
	}
	return strings.TrimSuffix(body, "}") + "," + strings.TrimPrefix(string(text), "{")
}

// Status returns what the daemon tells of itself.
func (c *Conn) Status() *wire.DaemonStatus {
	c.t.Helper()
	return c.OK(Command(wire.TypeStatus, "")).DaemonStatus
}

// Database returns Status's row for a database, the zero row for none.
func (c *Conn) Database(db string) wire.DatabaseStatus {
	c.t.Helper()
	for _, row := range c.Status().Databases {
		if row.DB == db {
			return row
		}
	}
	return wire.DatabaseStatus{}
}

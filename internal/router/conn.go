package router

import (
	"bufio"
	"net"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// Times that a client has.
const (
	frameTime  = 30 * time.Second // to finish a frame that it began, plus a second per MiB
	readTime   = 30 * time.Second // to read a reply that fills its socket
	lingerTime = 5 * time.Second  // to notice that its connection is being closed
)

// conn is one client's connection: a reader that takes requests and a writer
// that sends their replies in order.
type conn struct {
	r        *Router
	nc       net.Conn
	account  *account
	pending  chan *pending // what the writer has to send, in order
	opened   time.Time
	stopping atomic.Bool // stopReading was called
}

func newConn(r *Router, nc net.Conn) *conn {
	return &conn{r: r, nc: nc, account: r.budget.open(), pending: make(chan *pending, maxUnanswered), opened: time.Now()}
}

// read takes requests until the client hangs up or breaks the protocol, or
// until stopReading.
func (c *conn) read() {
	defer close(c.pending)
	defer c.recovered()
	br := bufio.NewReaderSize(c.nc, 4<<10)
	for {
		n, err := wire.ReadHeader(br)
		if err != nil {
			return
		}
		if int64(n) > int64(c.r.cfg.MaxFrame) {
			c.pending <- &pending{reply: wire.Failure(wire.FrameTooLarge(n, c.r.cfg.MaxFrame)), linger: true}
			return
		}
		release, err := c.account.reserve(c.r.ctx, int(n))
		if err != nil {
			return
		}
		body, err := c.readBody(br, int(n))
		if err != nil {
			release()
			return
		}
		p := c.r.dispatch(body)
		p.release = release
		c.pending <- p // waits while too many replies are owed
	}
}

// readBody reads a body. One that is not there yet must come in time: it
// holds a part of the budget.
func (c *conn) readBody(br *bufio.Reader, n int) ([]byte, error) {
	if br.Buffered() >= n {
		return wire.ReadBody(br, n)
	}
	c.allowReading(time.Now().Add(frameTime + time.Duration(n>>20)*time.Second))
	body, err := wire.ReadBody(br, n)
	if err == nil {
		c.allowReading(time.Time{})
	}
	return body, err
}

// allowReading sets until when reads may last, the zero time for ever, unless
// stopReading was called.
func (c *conn) allowReading(until time.Time) {
	c.nc.SetReadDeadline(until)
	if c.stopping.Load() { // it may have set its own just before
		c.stopReading()
	}
}

// stopReading makes the reader end before the next frame.
func (c *conn) stopReading() {
	c.stopping.Store(true)
	c.nc.SetReadDeadline(time.Unix(1, 0))
}

// refuse tells a client that was not admitted why, and closes.
func (c *conn) refuse(err error) {
	c.nc.SetWriteDeadline(time.Now().Add(time.Second))
	if frame, err := replyFrame(nil, wire.Failure(err)); err == nil {
		c.nc.Write(frame)
	}
	c.nc.Close()
}

// recovered contains a panic to its connection.
func (c *conn) recovered() {
	if v := recover(); v != nil {
		c.r.cfg.Log.Error("panic in a connection", "panic", v, "stack", string(debug.Stack()))
		c.nc.Close()
	}
}

package router

import (
	"bufio"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/wire"
)

// Times that a client has.
const (
	frameTime  = 30 * time.Second // to finish a frame that it began
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
	stopping atomic.Bool     // stopReading was called
	written  chan struct{}   // closed when the writer has ended
	txs      map[string]held // by their ids; of the reader

	mu   sync.Mutex // guards owed
	owed []*pending // requests whose replies were not written, in order
}

func newConn(r *Router, nc net.Conn) *conn {
	return &conn{
		r: r, nc: nc, opened: time.Now(), pending: make(chan *pending, maxUnanswered),
		account: &account{end: func() { nc.Close() }},
		written: make(chan struct{}), txs: map[string]held{},
	}
}

// read takes requests until the client hangs up or breaks the protocol, or
// until stopReading.
func (c *conn) read() {
	c.readAll()
	c.leaveTransactions()
	close(c.pending)
	c.watchHangUp()
}

func (c *conn) readAll() {
	defer c.recovered()
	br := bufio.NewReaderSize(c.nc, 4<<10)
	for {
		if _, err := br.Peek(1); err != nil { // between frames a client may take its time
			return
		}
		p := c.request(br)
		if p == nil {
			return
		}
		c.queueReply(p)
		if p.linger {
			return
		}
	}
}

// queueReply hands p to the writer. It waits while too many replies are owed,
// and sees meanwhile whether the client is still there.
func (c *conn) queueReply(p *pending) {
	select {
	case c.pending <- p:
		return
	default:
	}
	ticker := time.NewTicker(hangUpGlance)
	defer ticker.Stop()
	for {
		select {
		case c.pending <- p:
			return
		case <-ticker.C:
			if transport.HungUp(c.nc) {
				c.abandon()
			}
		}
	}
}

// request reads a frame that has begun and starts what it asks for. It returns
// nil where the client hangs up or takes too long.
func (c *conn) request(br *bufio.Reader) *pending {
	n, err := c.readHeader(br)
	if err != nil {
		return nil
	}
	if int64(n) > int64(c.r.cfg.MaxFrame) {
		return &pending{reply: wire.Failure(wire.FrameTooLarge(n, c.r.cfg.MaxFrame)), linger: true}
	}
	budget := c.r.budget
	if c.holdsTransaction() {
		budget = c.r.held.requests
	}
	held, err := c.account.reserve(c.r.ctx, budget, int(n))
	if err != nil {
		return nil
	}
	var p *pending
	defer func() {
		if p == nil {
			held.release()
		}
	}()
	body, err := c.readBody(br, int(n), held)
	if err != nil {
		return nil
	}
	held.arrived()
	p = c.dispatch(body)
	p.held = held
	c.owe(p)
	return p
}

func (c *conn) readHeader(br *bufio.Reader) (n uint32, err error) {
	err = c.inTime(br, wire.HeaderSize, func() error {
		n, err = wire.ReadHeader(br)
		return err
	})
	return n, err
}

func (c *conn) readBody(br *bufio.Reader, n int, held *reservation) (body []byte, err error) {
	err = c.inTime(br, n, func() error {
		body, err = wire.ReadBody(&watched{br, held}, n)
		return err
	})
	return body, err
}

// watched tells the budget that a frame does not stand still.
type watched struct {
	r    io.Reader
	held *reservation
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.held.progressed()
	return n, err
}

// inTime lets read take n bytes. What is not there yet must come in time: it
// holds a part of the budget.
func (c *conn) inTime(br *bufio.Reader, n int, read func() error) error {
	if br.Buffered() >= n {
		return read()
	}
	c.allowReading(time.Now().Add(frameTime))
	err := read()
	if err == nil {
		c.allowReading(time.Time{})
	}
	return err
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

// hangUpGlance is how often a client that sends no more is looked at, as long
// as it is owed a stream.
const hangUpGlance = time.Second

// watchHangUp ends what runs for a client that has gone and wants no answer. One
// that has shut down its sending side alone may still read.
func (c *conn) watchHangUp() {
	ticker := time.NewTicker(hangUpGlance)
	defer ticker.Stop()
	for !transport.HungUp(c.nc) {
		select {
		case <-c.written:
			return
		case <-ticker.C:
		}
	}
	c.abandon()
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

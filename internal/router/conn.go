package router

import (
	"bytes"
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

// conn is one client's connection. Its reader takes requests; their replies are
// written, in order, by whoever makes them ready (writer.go).
type conn struct {
	r        *Router
	nc       net.Conn
	sender   *transport.Sender
	account  *account
	opened   time.Time
	stopping atomic.Bool     // stopReading was called
	answered func()          // deliver
	in       inbox           // of the reader
	txs      map[string]held // by their ids; of the reader
	out      outbox          // of the one who writes
	woken    chan struct{}   // the reader has reason to look again

	mu      sync.Mutex // guards what follows
	owed    []*pending // requests whose replies were not written, in order
	writing bool       // somebody writes
	again   bool       // and may find more to write
}

func newConn(r *Router, nc net.Conn) *conn {
	c := &conn{
		r: r, nc: nc, sender: transport.NewSender(nc), opened: time.Now(),
		account: &account{end: func() { transport.HangUp(nc) }},
		in:      inbox{nc: nc}, woken: make(chan struct{}, 1), txs: map[string]held{},
	}
	c.answered = c.deliver
	return c
}

// read takes requests until the client hangs up or breaks the protocol, or
// until stopReading, and closes the connection when all replies are written.
func (c *conn) read() {
	lingers := c.readAll()
	c.leaveTransactions()
	if transport.HungUp(c.nc) { // one that has shut down its sending side alone may still read
		c.abandon()
	}
	c.waitUntil(c.isPaid)
	if lingers {
		c.lingerOn()
	}
	c.nc.Close()
}

// readAll reports whether the client may be sending still.
func (c *conn) readAll() (lingers bool) {
	defer c.recovered()
	for {
		c.waitUntil(c.hasRoom)
		if c.takeWhole() {
			if err := c.in.receive(c.takeWhole); err != nil {
				return false
			}
		}
		if c.in.buffered() == 0 || !c.mayAsk() {
			continue
		}
		p := c.request()
		if p == nil {
			return false
		}
		c.owe(p)
		c.deliver()
		if p.last {
			return true
		}
	}
}

// takeWhole starts the requests that have arrived wholly. It reports false where
// something has to be waited for first: the rest of a frame, or room in a bound.
func (c *conn) takeWhole() bool {
	for c.mayAsk() {
		body, ok := c.in.whole()
		if !ok || len(body) > c.r.cfg.MaxFrame || !c.account.take(len(body)) {
			c.deliver()
			return c.in.buffered() == 0
		}
		p := c.dispatch(bytes.Clone(body))
		p.held = reservation{account: c.account, n: len(body)}
		c.in.take(body)
		c.owe(p)
	}
	c.deliver()
	return false
}

// request reads a frame that has begun and starts what it asks for. It returns
// nil where the client hangs up or takes too long.
func (c *conn) request() *pending {
	n, err := c.readHeader()
	if err != nil {
		return nil
	}
	if int64(n) > int64(c.r.cfg.MaxFrame) {
		return &pending{reply: wire.Failure(wire.FrameTooLarge(n, c.r.cfg.MaxFrame)), last: true}
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
	body, err := c.readBody(int(n), &held)
	if err != nil {
		return nil
	}
	held.arrived()
	p = c.dispatch(body)
	p.held = held
	return p
}

func (c *conn) readHeader() (n uint32, err error) {
	err = c.inTime(wire.HeaderSize, func() error {
		n, err = wire.ReadHeader(&c.in)
		return err
	})
	return n, err
}

func (c *conn) readBody(n int, held *reservation) (body []byte, err error) {
	err = c.inTime(n, func() error {
		body, err = wire.ReadBody(&watched{&c.in, held}, n)
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
func (c *conn) inTime(n int, read func() error) error {
	if c.in.buffered() >= n {
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

// hangUpGlance is how often a client that is not read from is looked at, as
// long as it is owed a reply.
const hangUpGlance = time.Second

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
		c.logPanic(v)
		transport.HangUp(c.nc)
	}
}

func (c *conn) logPanic(v any) {
	c.r.cfg.Log.Error("panic in a connection", "panic", v, "stack", string(debug.Stack()))
}

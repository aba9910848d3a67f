package client

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

const (
	writeBuffer = 64 << 10 // frames that are ready together leave in one write
	readBuffer  = 16 << 10
	// drainFor is how long the replies that are still on their way may take
	// to arrive after a write has failed.
	drainFor = 5 * time.Second
)

// outcome is how one sending of a request ended: with a reply, or with the
// loss of the connection.
type outcome struct {
	reply *wire.Reply
	err   error
	sent  bool // a part of the request may have reached the daemon
}

// call is one request on one connection. It is settled exactly once.
type call struct {
	id    json.RawMessage // what the reply must echo, nil for nothing
	frame []byte
	done  chan outcome // capacity 1

	// Guarded by conn.mu:
	settled bool
	late    func(outcome) // set once the caller has left
}

// conn is one connection to the daemon, with many requests in flight.
//
// Callers append to queue. The writer goroutine moves one call after the other
// to waiting and writes its frame, so that waiting has the order of the frames
// on the wire, which is the order of the replies. The reader goroutine gives
// each reply to the call that has waited longest. A caller never writes
// itself: it could not leave in the middle of a frame when its context ends.
type conn struct {
	nc    net.Conn
	r     *bufio.Reader
	limit int // largest reply

	mu      sync.Mutex
	queue   []*call // to be written
	waiting []*call // written or being written, oldest first
	err     error   // why no more calls are accepted

	wake chan struct{} // capacity 1: the queue or err has changed
	gone chan struct{} // closed when the reader has ended
}

// newConn returns a connection over nc, whose unread bytes are in r. Nothing
// happens on it before run.
func newConn(nc net.Conn, r *bufio.Reader, limit int) *conn {
	return &conn{nc: nc, r: r, limit: limit, wake: make(chan struct{}, 1), gone: make(chan struct{})}
}

// run starts the connection's two goroutines in wg. They end when the
// connection does, by itself or by fail.
func (c *conn) run(wg *sync.WaitGroup) {
	wg.Go(c.read)
	wg.Go(c.write)
}

// usable reports whether the connection takes more calls.
func (c *conn) usable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err == nil
}

// send puts cl into the queue. It does not block.
func (c *conn) send(cl *call) {
	c.mu.Lock()
	err := c.err
	if err == nil {
		c.queue = append(c.queue, cl)
	}
	c.mu.Unlock()
	if err != nil {
		c.settle(cl, outcome{err: err})
		return
	}
	c.signal()
}

func (c *conn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// settle hands o to the call's owner: to the waiting caller, or to the
// function that it has left behind.
func (c *conn) settle(cl *call, o outcome) {
	c.mu.Lock()
	cl.settled = true
	late := cl.late
	c.mu.Unlock()
	if late != nil {
		late(o)
		return
	}
	cl.done <- o
}

// abandon tells that nobody waits for cl any more. Its outcome goes to late,
// which must not block: at once where cl is settled or can still be taken out
// of the queue, otherwise when its reply arrives and is dropped. It reports
// whether the daemon may be at it.
func (c *conn) abandon(cl *call, late func(outcome)) (inFlight bool) {
	c.mu.Lock()
	settled := cl.settled
	withdrawn := !settled && c.withdraw(cl)
	if !settled && !withdrawn {
		cl.late = late
	}
	c.mu.Unlock()
	switch {
	case settled:
		late(<-cl.done)
	case withdrawn:
		late(outcome{err: errWithdrawn})
	}
	return !settled && !withdrawn
}

var errWithdrawn = errors.New("the call was given up before it was sent")

// withdraw takes cl out of the queue; mu is held.
func (c *conn) withdraw(cl *call) bool {
	for i, q := range c.queue {
		if q == cl {
			c.queue = append(c.queue[:i], c.queue[i+1:]...)
			return true
		}
	}
	return false
}

// write is the writer goroutine.
func (c *conn) write() {
	w := bufio.NewWriterSize(c.nc, writeBuffer)
	for {
		cl, err := c.next()
		if err != nil {
			return
		}
		if cl == nil {
			if err = w.Flush(); err == nil {
				<-c.wake
			}
		} else {
			_, err = w.Write(cl.frame)
		}
		if err != nil {
			c.stopSending(fmt.Errorf("write to the daemon: %w", err))
			return
		}
	}
}

// next moves the oldest queued call to waiting and returns it, nil if there is
// none. The error says that the connection has ended.
func (c *conn) next() (*call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, c.err
	}
	if len(c.queue) == 0 {
		return nil, nil
	}
	cl := c.queue[0]
	c.queue[0] = nil
	c.queue = c.queue[1:]
	c.waiting = append(c.waiting, cl)
	return cl, nil
}

// stopSending refuses new calls and gives up those that were never written.
// The reader goes on for a while: a daemon that refuses a frame answers before
// it hangs up, and those replies are still to be had.
func (c *conn) stopSending(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = err
	queued := c.queue
	c.queue = nil
	c.mu.Unlock()
	_ = c.nc.SetReadDeadline(time.Now().Add(drainFor)) // a closed connection needs none
	for _, cl := range queued {
		c.settle(cl, outcome{err: err})
	}
}

// read is the reader goroutine.
func (c *conn) read() {
	defer close(c.gone)
	for {
		body, err := wire.ReadFrame(c.r, c.limit)
		if err == nil {
			err = c.deliver(body)
		}
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			c.fail(fmt.Errorf("read from the daemon: %w", err))
			return
		}
	}
}

// deliver gives a reply to the oldest call that waits. An error means that the
// two sides are out of step, after which no reply can be trusted.
func (c *conn) deliver(body []byte) error {
	reply, err := wire.ParseReply(body)
	if err != nil {
		return err
	}
	c.mu.Lock()
	var cl *call
	if len(c.waiting) > 0 {
		cl = c.waiting[0]
	}
	if cl == nil || reply.ID != nil && !bytes.Equal(reply.ID, cl.id) {
		c.mu.Unlock()
		return errors.New("a reply came that belongs to no request")
	}
	c.waiting[0] = nil
	c.waiting = c.waiting[1:]
	c.mu.Unlock()
	c.settle(cl, outcome{reply: reply, sent: true})
	return nil
}

// fail ends the connection, for the reason err, and loses every call on it.
func (c *conn) fail(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	waiting, queued := c.waiting, c.queue
	c.waiting, c.queue = nil, nil
	c.mu.Unlock()
	_ = c.nc.Close() // nothing is buffered that an error could tell about
	c.signal()
	for _, cl := range waiting {
		c.settle(cl, outcome{err: err, sent: true})
	}
	for _, cl := range queued {
		c.settle(cl, outcome{err: err})
	}
}

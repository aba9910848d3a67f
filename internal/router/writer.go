package router

import (
	"io"
	"net"
	"sync"
	"time"

	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/wire"
)

// Bounds of what is written at once, by somebody who has other things to do.
const (
	joined    = 32 << 10 // bytes of replies that are collected before they are written
	maxWrites = 4        // writes to one connection
)

// buffers hold replies on their way into a socket: a connection that stands
// idle has none.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// outbox is what is ready for a client and not written yet. It belongs to the
// one who writes.
type outbox struct {
	frames  *[]byte // of buffers, nil for none
	replies int     // of the oldest requests, which these are
	gone    bool    // the client cannot be answered any more
}

// deliver writes the replies that are ready, in the order of their requests.
// Whoever has made one ready calls it: the connection's reader, or a worker,
// which must not wait. So what the client's buffer takes is written at once,
// and what has to wait for the client, or for a reply that no worker brings, is
// left to a goroutine of its own. One at a time writes, also what the others
// have made ready meanwhile.
func (c *conn) deliver() {
	if c.takeTurn() && !c.writeReady() {
		c.r.conns.Go(c.writeAll)
	}
}

// takeTurn makes the caller the one who writes, if there is none.
func (c *conn) takeTurn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.again = c.writing
	taken := !c.writing
	c.writing = true
	return taken
}

// leaveTurn ends the caller's writing, unless more may be ready.
func (c *conn) leaveTurn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.again {
		c.again = false
		return false
	}
	c.writing = false
	c.wakeReader()
	return true
}

// writeReady writes what can be written at once. It reports false where there
// is something to wait for, and the turn is not over.
func (c *conn) writeReady() (done bool) {
	defer c.recoveredWriting()
	for range maxWrites {
		if c.collect(false) {
			if !c.sendAtOnce() {
				return false
			}
			c.settle()
			continue
		}
		if c.next(false) != nil {
			return false
		}
		if c.leaveTurn() {
			return true
		}
	}
	return false
}

// writeAll writes whatever there is, and waits for it.
func (c *conn) writeAll() {
	for !c.writeOn() {
	}
}

// writeOn is writeAll up to its end, which it reports, or a panic.
func (c *conn) writeOn() (done bool) {
	defer c.recoveredWriting()
	for {
		for c.out.replies > 0 || c.collect(true) {
			c.send()
			c.settle()
		}
		if p := c.next(true); p != nil {
			c.serve(p)
		} else if c.leaveTurn() {
			return true
		}
	}
}

// recoveredWriting contains a panic to its connection, whose client gets
// nothing more.
func (c *conn) recoveredWriting() {
	if v := recover(); v != nil {
		c.logPanic(v)
		c.giveUp()
	}
}

// collect takes the replies that are ready, and reports whether there are any.
// Large ones are for those who have the time.
func (c *conn) collect(large bool) bool {
	for _, p := range c.first() {
		reply, ready := p.ready()
		if !ready || !large && isLarge(reply) {
			break
		}
		c.out.replies++
		if c.out.gone {
			continue
		}
		if c.out.frames == nil {
			c.out.frames = buffers.Get().(*[]byte)
		}
		reply.ID = p.id
		frames, err := replyFrame(*c.out.frames, reply)
		if err != nil {
			c.r.cfg.Log.Error("reply not sent", "error", err)
			c.giveUp()
			continue
		}
		if *c.out.frames = frames; len(frames) > joined {
			break
		}
	}
	return c.out.replies > 0
}

// sendAtOnce writes what was collected, and reports whether it could be done
// without waiting. What is left stays to be sent.
func (c *conn) sendAtOnce() bool {
	if c.out.frames == nil {
		return true
	}
	n, err := c.sender.Send(*c.out.frames)
	if err != nil {
		c.lost(err)
		return true
	}
	left := (*c.out.frames)[n:]
	if len(left) > 0 && n > 0 {
		*c.out.frames = append((*c.out.frames)[:0], left...)
	}
	return len(left) == 0
}

// send writes what was collected.
func (c *conn) send() {
	if c.out.frames != nil {
		_ = c.flush(*c.out.frames) // the client is given up
	}
}

// settle notes that what was collected is written, or never will be.
func (c *conn) settle() {
	if b := c.out.frames; b != nil {
		if *b = (*b)[:0]; cap(*b) <= 2*joined {
			buffers.Put(b)
		}
		c.out.frames = nil
	}
	for c.out.replies > 0 {
		c.out.replies--
		c.paid()
	}
}

// isLarge reports whether it takes a while to encode a reply.
func isLarge(r *wire.Reply) bool {
	n := 0
	for _, s := range r.Results {
		n += resultFrame + len(s.Rows.Text())
	}
	return n > joined
}

// resultFrame is about what a result has beside its rows, in bytes.
const resultFrame = 80

// next returns the oldest request if its reply has to be waited for, or is one
// of the large ones where these are for others.
func (c *conn) next(large bool) *pending {
	owed := c.first()
	if len(owed) == 0 {
		return nil
	}
	if p := owed[0]; p.waits() || !large && p.reply != nil && isLarge(p.reply) {
		return p
	}
	return nil
}

// serve waits for the reply to p, and passes on the frames of one that has
// several.
func (c *conn) serve(p *pending) {
	if !c.out.gone {
		reply, err := c.wait(p)
		if err == nil {
			p.reply = reply
			return
		}
	}
	// The worker holds the request until it has answered; rows that nobody
	// reads any more are not waited for.
	if p.call != nil {
		p.cancel()
		p.received(<-p.call.Reply())
	}
	p.reply = wire.OK() // for nobody
}

// wait waits for the reply. The error says that the client is gone.
func (c *conn) wait(p *pending) (*wire.Reply, error) {
	if p.begin != nil {
		p.begin()
	}
	switch {
	case p.sub != nil:
		return p.sub.serve()
	case p.reply != nil:
		return p.reply, nil
	case p.call == nil:
		return p.ask(), nil
	}
	return c.waitForRows(p)
}

// waitForRows waits for the reply to a Query and passes on its frames.
func (c *conn) waitForRows(p *pending) (*wire.Reply, error) {
	frames := p.call.Stream.Frames()
	for {
		select {
		case reply := <-p.call.Reply():
			return p.received(reply), nil
		case frame := <-frames:
			if err := c.flush(frame); err != nil {
				return nil, err
			}
		}
	}
}

// flush writes out and waits for the client, for a while. One that does not
// read is given up.
func (c *conn) flush(out []byte) error {
	c.nc.SetWriteDeadline(time.Now().Add(readTime))
	_, err := c.nc.Write(out)
	if err != nil {
		c.lost(err)
	}
	return err
}

// lost gives up a client that could not be written to.
func (c *conn) lost(err error) {
	c.r.cfg.Log.Debug("gave a client up", "error", err)
	c.giveUp()
}

// giveUp ends the connection. Its reader closes it.
func (c *conn) giveUp() {
	c.out.gone = true
	transport.HangUp(c.nc)
}

// lingerOn reads what the client still sends, for a while, and throws it away:
// closing a socket with unread data would destroy the reply that says why.
func (c *conn) lingerOn() {
	if half, ok := c.nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	c.nc.SetReadDeadline(time.Now().Add(lingerTime))
	io.Copy(io.Discard, onlyReader{c.nc})
}

// onlyReader hides the methods by which io.Copy would take another path.
type onlyReader struct{ net.Conn }

func replyFrame(dst []byte, reply *wire.Reply) ([]byte, error) {
	return wire.AppendFrame(dst, func(b []byte) ([]byte, error) { return wire.AppendReply(b, reply) })
}

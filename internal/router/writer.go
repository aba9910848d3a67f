package router

import (
	"io"
	"net"
	"time"

	"github.com/skylinedb/skylinedb/internal/worker"
	"github.com/skylinedb/skylinedb/wire"
)

// joined is how many bytes of replies are collected before they are written.
const joined = 32 << 10

// pending is a reply that is owed: known, or coming from a worker, or to be
// found out when its turn has come.
type pending struct {
	id     []byte
	reply  *wire.Reply
	call   *worker.Call // nil once its reply has been received
	entry  *entry       // of call
	ask    func() *wire.Reply
	begin  func()      // submits a Query, when its turn comes
	sub    *subscriber // of a Subscribe
	linger bool        // the connection ends after this reply

	streams bool   // the reply has several frames
	cancel  func() // ends the request, nil where that cannot be; safe at any time

	held    *reservation // what the request takes of the budget, nil for nothing
	results *results     // what its results take, likewise
}

// outbox is what is ready for a client and not written yet.
type outbox struct {
	frames  []byte
	replies []*pending // whose frames these are
}

// write sends the replies in the order of their requests. Those that are
// ready together go out in one write.
func (c *conn) write() {
	var out outbox
	defer func() {
		c.nc.Close() // first: it ends the reader, which closes pending
		c.settle(&out)
		for p := range c.pending {
			c.settleOne(p)
		}
		close(c.written)
	}()
	defer c.recovered()
	for p := range c.pending {
		out.replies = append(out.replies, p)
		reply, ready := p.ready()
		if !ready {
			if c.flush(out.frames) != nil {
				return
			}
			out.frames = out.frames[:0]
			var err error
			if reply, err = c.wait(p); err != nil {
				return
			}
		}
		reply.ID = p.id
		var err error
		if out.frames, err = replyFrame(out.frames, reply); err != nil {
			c.r.cfg.Log.Error("reply not sent", "error", err)
			return
		}
		if len(c.pending) == 0 || len(out.frames) > joined || p.linger {
			if c.flush(out.frames) != nil {
				return
			}
			c.settle(&out)
		}
		if p.linger {
			c.linger()
		}
	}
}

// settle gives back what the requests took of the budget: their replies were
// written, or the client is gone.
func (c *conn) settle(o *outbox) {
	for _, p := range o.replies {
		c.settleOne(p)
	}
	clear(o.replies)
	o.replies = o.replies[:0]
	if o.frames = o.frames[:0]; cap(o.frames) > joined {
		o.frames = nil
	}
}

// settleOne gives back what the request took of the budget. The worker holds it
// until it has answered, whether or not the client is still there; rows that
// nobody reads any more are not waited for.
func (c *conn) settleOne(p *pending) {
	if p.call != nil {
		if p.streams {
			p.cancel()
		}
		p.received(<-p.call.Reply())
	}
	if p.held != nil {
		p.held.release()
		p.held = nil
	}
	if p.sub != nil {
		p.sub.end(nil)
	}
	if p.results != nil {
		p.results.release()
		p.results = nil
	}
	c.paid(p)
}

// ready returns the reply if it is there.
func (p *pending) ready() (*wire.Reply, bool) {
	switch {
	case p.reply != nil:
		return p.reply, true
	case p.call != nil:
		select {
		case reply := <-p.call.Reply():
			return p.received(reply), true
		default:
		}
	}
	return nil, false
}

// wait waits for the reply, and passes on the frames of one that has several.
// The error says that the client is gone.
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
	return c.waitForCall(p)
}

// waitForCall waits for a worker. A call whose time passes in the queue is
// answered here, whatever the worker is busy with.
func (c *conn) waitForCall(p *pending) (*wire.Reply, error) {
	var late <-chan time.Time
	if deadline := p.call.Deadline(); !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		late = timer.C
	}
	var frames <-chan []byte
	if p.call.Stream != nil {
		frames = p.call.Stream.Frames()
	}
	for {
		select {
		case reply := <-p.call.Reply():
			return p.received(reply), nil
		case frame := <-frames:
			if err := c.flush(frame); err != nil {
				return nil, err
			}
		case <-late:
			p.call.Expire()
		}
	}
}

// received notes that the only reply to the call is here.
func (p *pending) received(reply *wire.Reply) *wire.Reply {
	p.call = nil
	p.entry.answered()
	return reply
}

// flush writes out. A client that does not read is given up.
func (c *conn) flush(out []byte) error {
	if len(out) == 0 {
		return nil
	}
	c.nc.SetWriteDeadline(time.Now().Add(readTime))
	_, err := c.nc.Write(out)
	if err != nil {
		c.r.cfg.Log.Debug("gave a client up", "error", err)
	}
	return err
}

// linger reads what the client still sends, for a while, and throws it away:
// closing a socket with unread data would destroy the reply that says why.
func (c *conn) linger() {
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

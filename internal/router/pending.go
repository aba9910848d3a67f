package router

import (
	"bytes"
	"slices"
	"time"

	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/internal/worker"
	"github.com/skylinedb/skylinedb/wire"
)

// pending is a reply that is owed: known, or coming from a worker, or to be
// found out when its turn has come.
type pending struct {
	id     []byte
	reply  *wire.Reply
	call   *worker.Call // nil once its reply has been received
	entry  *entry       // of call
	expiry *time.Timer  // answers call if its time passes in the queue, nil for never
	ask    func() *wire.Reply
	begin  func()      // submits a Query, when its turn comes
	sub    *subscriber // of a Subscribe
	last   bool        // the connection ends after this reply

	streams bool   // the reply has several frames
	cancel  func() // ends the request, nil where that cannot be; safe at any time

	held    reservation // what the request takes of the budget
	results *results    // what its results take, nil for nothing
}

// ready returns the reply if it is there.
func (p *pending) ready() (*wire.Reply, bool) {
	switch {
	case p.reply != nil:
		return p.reply, true
	case p.call != nil && !p.streams:
		select {
		case reply := <-p.call.Reply():
			p.reply = p.received(reply)
			return p.reply, true
		default:
		}
	}
	return nil, false
}

// waits reports whether somebody has to wait for the reply: no worker brings
// it, or it has several frames.
func (p *pending) waits() bool { return p.reply == nil && (p.call == nil || p.streams) }

// ownedBy notes the call that the request has become, and its database. Whatever
// the worker is busy with, a call whose time passes in the queue is answered.
func (p *pending) ownedBy(call *worker.Call, e *entry) {
	p.call, p.entry = call, e
	if deadline := call.Deadline(); !deadline.IsZero() {
		p.expiry = time.AfterFunc(time.Until(deadline), call.Expire)
	}
}

// received notes that the only reply to the call is here.
func (p *pending) received(reply *wire.Reply) *wire.Reply {
	if p.expiry != nil {
		p.expiry.Stop()
	}
	p.call = nil
	p.entry.answered()
	return reply
}

// settle gives back what the request took of the budget, once its reply was
// written or there is nobody to read it.
func (p *pending) settle() {
	p.held.release()
	if p.sub != nil {
		p.sub.end(nil)
	}
	if p.results != nil {
		p.results.release()
	}
}

// owe notes that a request is owed a reply, behind those before it.
func (c *conn) owe(p *pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owed = append(c.owed, p)
}

// first returns what is owed, the oldest first. It is called by the one who
// writes, who alone removes any of it.
func (c *conn) first() []*pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.owed
}

// paid removes the oldest request, and gives back what it took.
func (c *conn) paid() {
	c.mu.Lock()
	p := c.owed[0]
	c.owed = slices.Delete(c.owed, 0, 1)
	c.wakeReader()
	c.mu.Unlock()
	p.settle()
}

// wakeReader has the reader look again whether it may go on. It is called with
// mu held.
func (c *conn) wakeReader() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// waitUntil waits until f, which is called with mu held, and sees meanwhile
// whether the client is still there. It is called by the reader alone.
func (c *conn) waitUntil(f func() bool) {
	holds := func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return f()
	}
	if holds() {
		return
	}
	ticker := time.NewTicker(hangUpGlance)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-c.woken:
		case <-ticker.C:
			if transport.HungUp(c.nc) {
				c.abandon()
			}
		}
	}
}

// mayAsk reports whether the client may ask for more.
func (c *conn) mayAsk() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hasRoom()
}

// hasRoom is mayAsk with mu held.
func (c *conn) hasRoom() bool { return len(c.owed) < maxUnanswered }

// isPaid reports whether nothing is owed any more. It is called with mu held.
func (c *conn) isPaid() bool { return len(c.owed) == 0 && !c.writing }

// cancelRequest ends the request with that id, and reports whether it was owed
// a reply.
func (c *conn) cancelRequest(id []byte) bool {
	for _, p := range c.owedNow() {
		if p.cancel != nil && bytes.Equal(p.id, id) {
			p.cancel()
			return true
		}
	}
	return false
}

// abandon ends what runs for a client that has gone and wants no answer: its
// queries and subscriptions. Its batches are done.
func (c *conn) abandon() {
	for _, p := range c.owedNow() {
		if p.streams {
			p.cancel()
		}
	}
}

// owedNow returns a copy of what is owed: ending a request answers it, which
// needs mu.
func (c *conn) owedNow() []*pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.owed)
}

package router

import (
	"bytes"
	"slices"
	"time"

	"github.com/skylinedb/skylinedb/internal/worker"
	"github.com/skylinedb/skylinedb/wire"
)

// query prepares a Query, which begins when its turn comes: it sees what the
// requests before it have done. One of a transaction is queued there at once.
func (c *conn) query(p *pending, req *wire.Request, size int) {
	call := worker.NewCall(req, size, time.Now())
	call.Stream = worker.NewStream(c.r.cfg.MaxFrame)
	p.streams, p.cancel = true, call.Cancel
	if req.TxID != "" {
		c.submitTo(p, call)
		return
	}
	p.begin = func() { c.r.submitFor(p, call) }
}

// cancelRequest ends the request with that id, and reports whether it was owed
// a reply.
func (c *conn) cancelRequest(id []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.owed {
		if p.cancel != nil && bytes.Equal(p.id, id) {
			p.cancel()
			return true
		}
	}
	return false
}

// owe notes that a request is owed a reply.
func (c *conn) owe(p *pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owed = append(c.owed, p)
}

// paid notes that p is not owed a reply any more. It is among the oldest.
func (c *conn) paid(p *pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.owed, p); i >= 0 {
		c.owed = slices.Delete(c.owed, i, i+1)
	}
}

// abandon ends what runs for a client that has gone and wants no answer: its
// queries and subscriptions. Its batches are done.
func (c *conn) abandon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.owed {
		if p.streams {
			p.cancel()
		}
	}
}

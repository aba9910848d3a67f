package router

import (
	"github.com/skylinedb/skylinedb/internal/worker"
	"github.com/skylinedb/skylinedb/wire"
)

// query prepares a Query, which begins when its turn comes: it sees what the
// requests before it have done. One of a transaction is queued there at once.
func (c *conn) query(p *pending, req *wire.Request, size int) {
	call := c.newCall(p, req, size)
	call.Stream = worker.NewStream(c.r.cfg.MaxFrame)
	p.streams = true
	if req.TxID != "" {
		c.submitTo(p, call)
		return
	}
	p.begin = func() { c.r.submitFor(p, call) }
}

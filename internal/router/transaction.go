package router

import (
	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/internal/worker"
	"github.com/skylinedb/skylinedb/wire"
)

// held is a transaction of a connection.
type held struct {
	tx    *worker.Tx
	entry *entry
}

// transaction starts a request that begins a transaction or belongs to one. It
// is called by the connection's reader alone, which owns the transactions.
func (c *conn) transaction(p *pending, req *wire.Request, size int) {
	call := c.newCall(p, req, size)
	if req.Type == wire.TypeBegin {
		c.begin(p, call)
		return
	}
	c.submitTo(p, call)
}

// begin starts a transaction.
func (c *conn) begin(p *pending, call *worker.Call) {
	for id, h := range c.txs {
		if h.tx.Ended() {
			delete(c.txs, id)
		}
	}
	if len(c.txs) >= maxHeld {
		p.reply = wire.Failure(wire.Errorf(wire.CodeQueueFull, "The connection has %d transactions already: end one of them first.", maxHeld))
		return
	}
	call.Tx = worker.NewTx(transport.PeerPID(c.nc))
	c.r.submitFor(p, call)
	if p.call != nil {
		c.txs[call.Tx.ID] = held{call.Tx, p.entry}
	}
}

// submitTo hands a call to its transaction. A Commit with a request_id that
// finds none asks for its record: it may be a repeat.
func (c *conn) submitTo(p *pending, call *worker.Call) {
	req := call.Req
	c.r.used()
	h, found := c.txs[req.TxID]
	switch {
	case !found && req.Type == wire.TypeCommit && req.RequestID != "":
		c.r.submitFor(p, call)
		return
	case !found || !c.r.serves(h.entry, req.DB):
		p.reply = wire.Failure(worker.ExpiredTx())
		return
	}
	if h.tx.Ended() || req.Type == wire.TypeCommit || req.Type == wire.TypeRollback {
		delete(c.txs, req.TxID)
	}
	h.entry.owed.Add(1)
	h.tx.Submit(call)
	p.ownedBy(call, h.entry)
}

// holdsTransaction reports whether one of the connection's transactions is not
// over. It is called by the connection's reader alone.
func (c *conn) holdsTransaction() bool {
	for _, h := range c.txs {
		if !h.tx.Ended() {
			return true
		}
	}
	return false
}

// leaveTransactions rolls back what the connection has begun and not committed.
// What it has sent is done if a Commit or Rollback is among it; otherwise what
// runs is interrupted.
func (c *conn) leaveTransactions() {
	for _, h := range c.txs {
		h.tx.Leave()
	}
}

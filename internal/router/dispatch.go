package router

import (
	"time"

	"github.com/skylinedb/skylinedb/internal/worker"
	"github.com/skylinedb/skylinedb/wire"
)

// dispatch decodes a request and starts it. It waits for nothing but room for
// the results that a batch asks for.
func (c *conn) dispatch(body []byte) *pending {
	req, err := wire.ParseRequest(body)
	p := &pending{id: req.ID}
	if err != nil {
		p.reply = wire.Failure(err)
		return p
	}
	if req.Results {
		c.deliver() // what is ready gives its room back
		budget := c.r.results
		if req.TxID != "" {
			budget = c.r.held.results
		}
		if p.results, err = budget.takeShare(c.r.ctx, wire.MaxResults); err != nil {
			p.reply = wire.Failure(shuttingDown())
			return p
		}
	}
	switch req.Type {
	case wire.TypeCancel:
		found := c.cancelRequest(req.Target)
		p.reply = wire.OK()
		p.reply.Cancelled = &found
	case wire.TypeSubscribe:
		c.r.used()
		s := newSubscriber(c, req)
		p.streams, p.cancel, p.sub = true, s.cancel, s
	case wire.TypeQuery:
		c.query(p, req, len(body))
	case wire.TypeBegin, wire.TypeCommit, wire.TypeRollback:
		c.transaction(p, req, len(body))
	default:
		if req.TxID != "" {
			c.transaction(p, req, len(body))
		} else {
			c.start(p, req, len(body))
		}
	}
	return p
}

// start starts a request that is neither a stream nor one of a transaction.
func (c *conn) start(p *pending, req *wire.Request, size int) {
	r := c.r
	switch req.Type {
	case wire.TypePing:
		// Asked when its turn comes, so that it sees the requests before it.
		p.ask = func() *wire.Reply { return r.answer(r.ping(req)) }
		return
	case wire.TypeStatus:
		p.ask = r.status
		return
	case wire.TypeShutdown:
		p.ask = func() *wire.Reply {
			r.cfg.Log.Info("shutdown was asked for")
			r.Shutdown()
			return wire.OK()
		}
		return
	}
	r.submitFor(p, c.newCall(p, req, size))
}

// newCall returns the call that a request becomes, whose reply is delivered
// when it is there.
func (c *conn) newCall(p *pending, req *wire.Request, size int) *worker.Call {
	call := worker.NewCall(req, size, time.Now())
	call.Answered = c.answered
	p.cancel = call.Cancel
	return call
}

// submitFor submits the call of a request.
func (r *Router) submitFor(p *pending, call *worker.Call) {
	r.used()
	e, err := r.submit(call.Req.DB, call)
	if err != nil {
		p.reply = r.answer(nil, err)
		return
	}
	p.ownedBy(call, e)
}

// answer returns the reply, or the one that tells err.
func (r *Router) answer(reply *wire.Reply, err error) *wire.Reply {
	if err == nil {
		return reply
	}
	if wire.ErrorCode(err) == wire.CodeInternal {
		r.cfg.Log.Error("request failed", "error", err)
	}
	return wire.Failure(err)
}

// ping tells the daemon's version and directory and, where the request names
// a database, how that one is.
func (r *Router) ping(req *wire.Request) (*wire.Reply, error) {
	reply := wire.OK()
	if req.HasDB {
		path, snapshot, err := r.find(req.DB)
		if err != nil {
			return nil, err
		}
		if snapshot != nil {
			rev, epoch := snapshot.Rev, snapshot.Epoch
			reply.Rev, reply.Epoch, reply.State = &rev, &epoch, string(snapshot.State)
		} else {
			call := worker.NewCall(req, 0, time.Now())
			e, err := r.submit(req.DB, call)
			if err != nil {
				return nil, err
			}
			reply = <-call.Reply()
			e.answered()
			if reply.Status != "ok" {
				return reply, nil
			}
		}
		reply.DBPath = path.File
	}
	reply.Version, reply.Protocol, reply.Dir = r.cfg.Version, wire.Protocol, r.cfg.Root.Dir()
	return reply, nil
}

func tooManyDatabases(n int) error {
	return wire.Errorf(wire.CodeQueueFull, "The daemon serves %d databases at once and all are in use: ask again later.", n)
}

func queueFull(name string) error {
	return wire.Errorf(wire.CodeQueueFull, "%d requests wait for the database %.80q already: ask again later.", worker.QueueLength, name)
}

func shuttingDown() error {
	return wire.Errorf(wire.CodeShuttingDown, "The daemon is ending: ask again, the next one will answer.")
}

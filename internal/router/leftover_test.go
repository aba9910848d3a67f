package router

import (
	"errors"
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/wire"
)

// quitters are the states in which clients leave, each by what they have done
// until then.
var quitters = map[string]func(c *peer) error{
	"nothing was sent":    func(*peer) error { return nil },
	"within a header":     func(c *peer) error { return c.raw(requestOf(100)[:2]) },
	"within a frame":      func(c *peer) error { return c.raw(requestOf(100)[:50]) },
	"within a large one":  func(c *peer) error { return c.raw(requestOf(4 * allowance)[:2*allowance]) },
	"a frame too large":   func(c *peer) error { return c.raw(requestOf(1<<20 + 1)[:100]) },
	"not a request":       func(c *peer) error { return c.raw(requestOf(2)) },
	"answered":            func(c *peer) error { _, err := c.try(batch("0.db", insertT(1, 1))); return err },
	"not answered yet":    func(c *peer) error { return c.flood(3) },
	"more than it may":    func(c *peer) error { return c.flood(3 * maxUnanswered) },
	"many databases":      func(c *peer) error { return c.wander(10) },
	"a batch that fails":  func(c *peer) error { return c.send(batch("1.db", `SELEC 1`)) },
	"a database's state":  func(c *peer) error { return c.send(&wire.Request{Type: wire.TypePing, DB: "2.db", HasDB: true}) },
	"within the next one": func(c *peer) error { return errors.Join(c.flood(2), c.raw(requestOf(100)[:50])) },
}

func (p *peer) raw(bytes []byte) error {
	_, err := p.Write(bytes)
	return err
}

// flood sends n batches and reads nothing.
func (p *peer) flood(n int) error {
	var reqs []*wire.Request
	for i := range n {
		reqs = append(reqs, batch("0.db", insertT(2, i)))
	}
	return p.send(reqs...)
}

// wander sends a batch to each of n databases.
func (p *peer) wander(n int) error {
	var reqs []*wire.Request
	for i := range n {
		reqs = append(reqs, batch(fmt.Sprintf("%d.db", i), insertT(3, i)))
	}
	return p.send(reqs...)
}

// Clients that leave in all states, and those that are there when the router
// is shut down, leave no goroutine, no connection, no debt of a worker and
// nothing taken of the budget.
func TestClientsLeaveNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := serve(t, through(5))
	free := s.budget.free
	c := s.dial()
	for i := range 5 {
		c.ok(batch(fmt.Sprintf("%d.db", i), createT))
	}
	const rounds = 8
	var staying []*peer
	for round := range 2 * rounds {
		for state, leave := range quitters {
			p := s.dial()
			if err := leave(p); err != nil {
				t.Fatalf("%s: %v", state, err)
			}
			if round < rounds {
				p.Close()
			} else {
				staying = append(staying, p)
			}
		}
	}
	await(t, "only those who stay are connected", func() bool { return len(s.connections()) <= 1+len(staying) })
	socket := s.cfg.Socket
	s.end()
	wantNothing(t, s.Router, free)
	for _, p := range append(staying, c) {
		p.Close()
	}
	if nc, err := transport.Dial(t.Context(), socket); err == nil {
		nc.Close()
		t.Error("somebody listens after the end")
	}
	goleak.VerifyNone(t, before, ostest.Library())
}

// wantNothing checks what a router holds when it has ended.
func wantNothing(t *testing.T, r *Router, free int) {
	t.Helper()
	if n := len(r.connections()); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.table {
		if owed := e.owed.Load(); owed != 0 || e.w != nil || !e.ended() {
			t.Errorf("%s: %d replies are owed, worker %v, ended %v", e.path.Name, owed, e.w != nil, e.ended())
		}
	}
	if b := r.budget; b.free != free || len(b.waiting) != 0 || len(b.reading) != 0 {
		t.Errorf("the budget has %d bytes free of %d, %d waiting and %d reading", b.free, free, len(b.waiting), len(b.reading))
	}
}

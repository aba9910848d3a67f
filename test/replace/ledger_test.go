//go:build unix

package replace

import (
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/test/tally"
	"github.com/skylinedb/skylinedb/wire"
)

// ledger is what is known of the database while others write and read. It
// reports what breaks a promise.
type ledger struct {
	t *testing.T

	mu      sync.Mutex
	all     []*generation // that were in the place, the last one is
	next    *generation   // that is being put there, nil if none that can be told
	open    bool          // batches may be acknowledged
	steady  bool          // and none may be refused
	odd     bool          // the name may be one that no database can have
	settled bool          // a reader gets a view of the present generation
	wild    bool          // a reader may see anything
	wilds   int           // how often that has been so
}

// maxTold bounds how much is told of one bad view.
const maxTold = 3

func (l *ledger) report(flaws []flaw, where string) {
	l.t.Helper()
	for i, f := range flaws {
		if i == maxTold {
			l.t.Logf("%s: %d flaws in all", where, len(flaws))
			return
		}
		tally.Violation(l.t, f.Kind, "%s: %s", where, f.What)
	}
}

// set changes the ledger.
func (l *ledger) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func (l *ledger) now() *generation { return l.all[len(l.all)-1] }

// disturb notes that something is about to be put in the place of the file:
// next, where it can be told. Where it is wild a reader may see anything.
func (l *ledger) disturb(next *generation, wild bool) {
	l.set(func() {
		l.next, l.settled = next, false
		if wild {
			l.wild = true
			l.wilds++
		}
	})
}

// enter notes that the daemon is about to open generation g.
func (l *ledger) enter(g *generation) {
	l.set(func() { l.all, l.next, l.open = append(l.all, g), nil, true })
}

// settle notes that the daemon has opened the present generation.
func (l *ledger) settle() {
	l.set(func() { l.steady, l.settled, l.wild, l.odd = true, true, false, false })
}

// restarted notes that the daemon was killed: an epoch that no batch has
// brought into the file is forgotten, and the first of them may have left a
// journal.
func (l *ledger) restarted() {
	l.set(func() {
		if g := l.now(); len(g.revs) == 0 {
			g.epoch, g.hot = "", true
		}
	})
}

// attempt is a batch that was sent once.
type attempt struct {
	id        string
	g         *generation // that it was sent in
	refusable bool        // for the database may not be open
	bare      bool        // its tables may not be there
}

// begins notes that a batch is about to be sent.
func (l *ledger) begins(id string) attempt {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.now()
	if _, again := g.sent[id]; !again {
		g.sent[id] = inFlight
	}
	return attempt{id: id, g: g, refusable: !l.steady, bare: g.bare}
}

// ends notes what became of an attempt, and reports whether its batch is done
// with.
func (l *ledger) ends(a attempt, reply *wire.Reply, err error) (done bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil:
		a.g.sent[a.id] = unknown
		return false
	case reply.Err() == nil:
		l.acknowledge(a.g, a.id, reply)
		return true
	}
	if a.g.sent[a.id] == inFlight {
		delete(a.g.sent, a.id) // it was not executed
	}
	if !l.mayRefuse(a, reply.Code) {
		tally.Violation(l.t, tally.Other, "batch %s in generation %s: %v", a.id, a.g.tag, reply.Err())
	}
	return false
}

// mayRefuse reports whether an attempt may be refused with code.
func (l *ledger) mayRefuse(a attempt, code wire.Code) bool {
	switch code {
	case wire.CodeDatabaseClosed, wire.CodeDatabasePreparing:
		return a.refusable || !l.steady || a.g.loose
	case wire.CodeInvalidDatabaseName:
		return l.odd
	case wire.CodeSQLError: // no such table
		return a.bare || a.g.loose
	}
	return a.g.loose
}

// acknowledge notes that a batch was acknowledged, with mu held.
func (l *ledger) acknowledge(g *generation, id string, reply *wire.Reply) {
	_, brought := g.base[id]
	before := g.sent[id]
	g.sent[id] = acked
	if g.loose {
		return
	}
	rev, epoch := *reply.Rev, *reply.Epoch
	switch {
	case !l.open:
		tally.Violation(l.t, tally.Other, "batch %s is acknowledged, and the database is closed", id)
	case reply.Replayed && !brought && before != unknown:
		tally.Violation(l.t, tally.Other, "batch %s is said to be replayed, and was not sent before in generation %s", id, g.tag)
	case brought && !reply.Replayed:
		tally.Violation(l.t, tally.Doubled, "batch %s is executed, and generation %s has it already", id, g.tag)
	case brought:
		return // its reply is of the generation in which it was executed
	case g.revs[rev] != "" || rev <= g.rev:
		tally.Violation(l.t, tally.Other, "batch %s has the rev %d, which was used before (%q) in generation %s, which began with %d", id, rev, g.revs[rev], g.tag, g.rev)
	case g.epoch != "" && g.epoch != epoch:
		tally.Violation(l.t, tally.Other, "batch %s has the epoch %s, and generation %s has %s", id, epoch, g.tag, g.epoch)
	}
	g.revs[rev], g.epoch = id, epoch
}

// acks returns how many batches the present generation has acknowledged.
func (l *ledger) acks() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.now().revs)
}

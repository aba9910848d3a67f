//go:build unix

package replace

import (
	"os"
	"strings"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
	"github.com/skylinedb/skylinedb/wire"
)

// put puts a parcel in the place of the closed file.
func (r *round) put(c cycle, p parcel) {
	m := r.methodFor(p, c.method)
	wild := p.code != "" || len(p.side) > 0 || p.file != "" && m.inPlace()
	r.ledger.disturb(p.gen, wild)
	if p.code == wire.CodeInvalidDatabaseName {
		r.ledger.set(func() { r.ledger.odd = true })
	}
	if p.hold {
		r.hold()
	}
	r.moved(p, m)
	if p.file != "" {
		r.must(place(p.file, r.path, m))
	}
	if p.do != nil {
		p.do(r.path)
	}
	for suffix, file := range p.side {
		r.must(os.Rename(file, r.path+suffix))
	}
	if c.keeper.when == placed && !wild && p.gen != nil && !p.gen.bare {
		r.newKeeper(c, p.gen)
	}
	if p.peek {
		r.readOnce(r.site.passer)
	}
	r.bump()
	if c.kill == afterPlace {
		r.kill()
	}
}

// hasLog reports whether a log with content lies beside a file.
func hasLog(path string) bool {
	info, err := os.Stat(path + "-wal")
	return err == nil && info.Size() > 0
}

// methodFor returns the method by which a parcel can come.
func (r *round) methodFor(p parcel, m method) method {
	if m.inPlace() && (p.moves || !isRegular(r.path) || isLarge(p.file)) {
		return swap
	}
	return m
}

// reopen reopens the database with the parcel that is there now. Where it is
// refused it gets a good file then, which must be served.
func (r *round) reopen(c cycle, p parcel) {
	kill := c.kill == atReopen
	if p.code == "" || p.either && !p.gen.loose {
		r.serve(c, p, kill)
		return
	}
	served := r.offer(c, p, kill)
	switch {
	case served && p.linked != nil:
		p.linked.write(r.db, "")
	case served:
		r.closeBad(c)
	}
	r.serve(c, r.remedy(c, p), false)
	if p.then != nil {
		p.then(served)
	}
}

// offer asks for a Reopen that should be refused, and reports whether it was
// served all the same.
func (r *round) offer(c cycle, p parcel, kill bool) (served bool) {
	if p.gen != nil && p.gen.loose {
		r.barrier(func() { r.ledger.enter(p.gen) })
	}
	before := r.digests()
	for i := range 2 {
		reply := r.askReopen(c, kill && i == 0)
		if reply.Err() == nil {
			if !p.either {
				r.violation(tally.LetIn, "Reopen serves %s, and should say %s", c.kind.name, p.code)
			}
			return true
		}
		if reply.Code != p.code {
			r.violation(tally.Other, "Reopen of %s: %v, want %s", c.kind.name, reply.Err(), p.code)
		}
		if after := r.digests(); after != before && !p.busy {
			r.violation(tally.Other, "Reopen of %s has changed files: %s, and before %s", c.kind.name, after, before)
		}
	}
	if p.code != wire.CodeInvalidDatabaseName {
		r.wantState("closed")
	}
	return false
}

// askReopen asks for Reopen until no reader of the same file is in the way.
func (r *round) askReopen(c cycle, kill bool) *wire.Reply {
	for {
		reply := r.command(wire.TypeReopenDatabase, kill)
		if reply.Code != wire.CodeReadersRemain {
			return reply
		}
		kill = false
		if !r.hereLeave() && c.quiet {
			r.violation(tally.Other, "nobody reads, and Reopen says: %v", reply.Err())
			return reply
		}
	}
}

// digests tells whether the file, its log or its journal has changed. An empty
// log may come and go.
func (r *round) digests() string {
	log := digest(r.path + "-wal")
	if strings.HasPrefix(log, "0 bytes") {
		log = "none"
	}
	return digest(r.path) + ", " + log + ", " + digest(r.path+"-journal")
}

// closeBad closes a file again that was served and is none. Writes may fail
// before, and must be answered.
func (r *round) closeBad(c cycle) {
	for range 3 {
		r.ask(harness.Batch(r.db, batch("loose", 1, 1, true)...))
	}
	if reply := r.patiently(wire.TypeCloseDatabase, false); reply.Err() != nil {
		r.violation(tally.Other, "Close of %s: %v", c.kind.name, reply.Err())
	}
	r.barrier(func() { r.ledger.set(func() { r.ledger.open = false }) })
}

// remedy does what the user can do about a parcel that was refused, and
// returns what is there then.
func (r *round) remedy(c cycle, p parcel) parcel {
	if p.code == wire.CodeStaleWAL {
		if p.fold != nil {
			r.hold()
			r.allLeave() // SQLite would take the index of a file that has left the place for this one's
			r.edit(r.path, false, `PRAGMA wal_checkpoint(TRUNCATE)`)
			return parcel{gen: p.fold()}
		}
		for suffix := range p.side {
			r.must(os.Rename(r.path+suffix, r.staged()+suffix))
		}
		if r.rng.IntN(2) == 0 {
			return parcel{gen: p.gen, same: p.same}
		}
	}
	var good parcel
	good.file, good.gen = r.newer(r.last())
	m := r.methodFor(good, c.remedy)
	if p.code == wire.CodeInvalidDatabaseName {
		m = swap
	}
	r.moved(good, m)
	r.must(place(good.file, r.path, m))
	return good
}

// serve reopens the database, which must succeed, and checks what it becomes.
func (r *round) serve(c cycle, p parcel, kill bool) {
	g := p.gen
	epoch := r.last().epoch
	if p.same {
		g.epoch = epoch
	}
	before, quiet := digest(r.path), c.quiet && !hasLog(r.path)
	r.barrier(func() { r.ledger.enter(g) })
	reply := r.askReopen(c, kill)
	if p.either && reply.Code == p.code {
		r.serve(c, r.remedy(c, p), false)
		return
	}
	if reply.Err() != nil || !reply.Reopened {
		r.violation(tally.Other, "Reopen, where a good file lies (%s): %v", c.kind.name, reply.Err())
		r.t.FailNow()
	}
	r.checkTold(c, p, kill || reply.Already, *reply.Rev, *reply.Epoch)
	if quiet {
		r.wantState("open")
		if after := digest(r.path); after != before {
			r.violation(tally.Other, "nobody writes, and the file was %s and is %s", before, after)
		}
	}
	if g.bare {
		r.furnish(g)
	}
	r.ledger.settle()
	r.release()
}

// checkTold checks what Reopen tells of the file.
func (r *round) checkTold(c cycle, p parcel, again bool, rev int64, epoch string) {
	r.t.Helper()
	g, old := p.gen, r.last().epoch
	r.ledger.set(func() {
		if !again && rev != g.rev {
			r.violation(tally.Other, "Reopen tells the rev %d, and the file of %s has %d", rev, c.kind.name, g.rev)
		}
		if again && rev < g.rev {
			r.violation(tally.Other, "the rev is %d, and the file of %s had %d", rev, c.kind.name, g.rev)
		}
		if g.epoch == "" {
			g.epoch = epoch
		}
		if g.epoch != epoch {
			r.violation(tally.Other, "Reopen tells the epoch %s, and %s holds", epoch, g.epoch)
		}
		if !again && !p.same && (r.epochs[epoch] || epoch == "" && !g.bare) {
			r.violation(tally.Other, "Reopen of %s tells the epoch %q, which is not new (before it was %s)", c.kind.name, epoch, old)
		}
		r.epochs[epoch] = epoch != ""
	})
}

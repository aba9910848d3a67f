//go:build unix

package replace

import (
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
	"github.com/skylinedb/skylinedb/wire"
)

// prepare prepares the database, after which its file must not change.
func (r *round) prepare(c cycle) {
	r.keepersLet()
	reply := r.patiently(wire.TypePrepareForMaintenance, c.kill == atPrepare)
	if reply.Err() != nil || !reply.Checkpointed {
		r.violation(tally.Other, "Prepare: %+v", reply)
	}
	before := digest(r.path)
	if c.kill == afterPrepare {
		r.kill()
	}
	r.wantState("preparing")
	if after := digest(r.path); after != before {
		r.violation(tally.Other, "the prepared file was %s and is %s", before, after)
	}
	if !c.cancel {
		return
	}
	if reply := r.ask(harness.Command(wire.TypeReopenDatabase, r.db)); reply.Err() != nil {
		r.violation(tally.Other, "Reopen of a prepared database: %v", reply.Err())
	}
	r.bump()
	r.await(1)
	if reply := r.patiently(wire.TypePrepareForMaintenance, false); reply.Err() != nil {
		r.violation(tally.Other, "Prepare again: %v", reply.Err())
	}
}

// patiently asks for what readers may be in the way of, for a while: each time
// takes the daemon seconds, and none of them stays.
func (r *round) patiently(typ wire.Type, kill bool) (reply *wire.Reply) {
	for range 6 {
		reply = r.command(typ, kill)
		if reply.Code != wire.CodeCheckpointBusy {
			break
		}
		kill = false
	}
	return reply
}

// block is Prepare while a keeper has a snapshot that needs the log: it goes
// on when the keeper lets go, and gives up if that takes too long.
func (r *round) block(c cycle) {
	k := r.keep(c, loaded)
	if k == nil {
		return
	}
	r.await(1)
	prepare := harness.Command(wire.TypePrepareForMaintenance, r.db)
	r.unsteady()
	if c.keeper.hold {
		if reply := r.ask(prepare); reply.Code != wire.CodeCheckpointBusy {
			r.violation(tally.Other, "Prepare under a snapshot: %+v", reply)
		}
		r.wantState("open")
		r.await(1)
		k.let()
		return
	}
	r.must(r.conn.Send(prepare))
	k.let()
	reply, err := r.conn.Receive()
	r.must(err)
	if reply.Err() != nil && reply.Code != wire.CodeCheckpointBusy {
		r.violation(tally.Other, "Prepare when the reader let go: %v", reply.Err())
	}
}

// unsteady lets batches be refused from now on.
func (r *round) unsteady() { r.ledger.set(func() { r.ledger.steady = false }) }

// close closes the database and checks what is in its file.
func (r *round) close(c cycle) {
	if c.quiet {
		r.hold()
	}
	if !c.prepare {
		r.keepersLet()
	}
	r.unsteady()
	if c.exclusive && r.closeExclusively(c) {
		c.kill = none
	}
	before := ""
	if c.prepare {
		before = digest(r.path)
	}
	reply := r.patiently(wire.TypeCloseDatabase, c.kill == atClose)
	if reply.Err() != nil || !reply.Closed {
		r.violation(tally.Other, "Close: %+v", reply)
		return
	}
	remain := *reply.ReadersRemaining
	if r.keepersHold() && !remain || c.quiet && remain && !r.keepersOpen() {
		r.violation(tally.Other, "Close says readers_remaining %v", remain)
	}
	if c.quiet && !r.keepersOpen() && (exists(r.path+"-wal") || exists(r.path+"-shm")) {
		r.violation(tally.Other, "files are left beside a closed database that nobody reads")
	}
	if after := digest(r.path); c.prepare && after != before {
		r.violation(tally.Other, "the prepared file was %s and is, closed, %s", before, after)
	}
	r.barrier(func() { r.ledger.set(func() { r.ledger.open = false }) })
	r.wantState("closed")
	r.takeSnapshot()
}

// closeExclusively asks for a Close that fails if the file is open elsewhere,
// and reports whether it is closed.
func (r *round) closeExclusively(c cycle) bool {
	reply := r.ask(harness.With(harness.Command(wire.TypeCloseDatabase, r.db), "require_exclusive", true))
	switch {
	case reply.Err() == nil:
		if r.keepersHold() || *reply.ReadersRemaining {
			r.violation(tally.Other, "Close with require_exclusive beside a reader: %+v", reply)
		}
		return true
	case reply.Code == wire.CodeReadersRemain:
		if c.quiet && !r.keepersOpen() {
			r.violation(tally.Other, "Close with require_exclusive and no reader: %v", reply.Err())
		}
	case reply.Code != wire.CodeCheckpointBusy:
		r.violation(tally.Other, "Close with require_exclusive: %v", reply.Err())
	}
	if c.prepare {
		r.wantState("preparing")
	} else {
		r.wantState("open")
	}
	return false
}

// wantState checks the state of the database.
func (r *round) wantState(want string) {
	r.t.Helper()
	reply := r.ask(harness.Command(wire.TypePing, r.db))
	if reply.Err() != nil || reply.State != want {
		r.violation(tally.Other, "the database is %q and not %q: %v", reply.State, want, reply.Err())
	}
}

// takeSnapshot copies the closed file and checks that it is what it must be.
func (r *round) takeSnapshot() {
	s := snapshot{file: r.staged()}
	r.must(copyFile(r.path, s.file))
	before := digest(s.file)
	var err error
	if s.view, err = viewOf(s.file); err != nil {
		r.violation(tally.Corrupt, "the closed file: %v", err)
		r.t.FailNow()
	}
	g := r.ledger.now()
	r.ledger.set(func() {
		r.ledger.report(g.judge(s.view, g.acknowledged()), "the closed file")
		if s.epoch = g.epoch; len(g.revs) > 0 && s.view.Epoch != s.epoch {
			r.violation(tally.Other, "the closed file has the epoch %s, and %s was told", s.view.Epoch, s.epoch)
		}
	})
	if want := g.wantRev(s.view); s.view.Rev != want {
		r.violation(tally.Other, "the closed file has the rev %d, want %d", s.view.Rev, want)
	}
	if digest(s.file) != before || digest(r.path) != before {
		r.violation(tally.Other, "the closed file was %s and is %s, its copy %s", before, digest(r.path), digest(s.file))
	}
	r.snapshots = append(r.snapshots, s)
}

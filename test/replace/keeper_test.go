//go:build unix

package replace

import (
	"maps"
	"slices"

	"github.com/skylinedb/skylinedb/test/tally"
)

// keeper is a reader that keeps a file open while the place gets another one.
type keeper struct {
	r    *round
	proc *outside

	gen     *generation
	inTx    bool
	first   view // what its transaction shows
	here    bool // its file is the one in the place
	spoilt  bool // its file was written over past SQLite: it may see anything
	last    view // of its file, where that has left the place
	lastWAL bool // it looked at the file in WAL mode, and has a lock since
	dies    bool
	stays   int
}

// keep makes a keeper of the present file, where the cycle wants one now.
func (r *round) keep(c cycle, now stage) *keeper {
	if c.keeper.when != now {
		return nil
	}
	return r.newKeeper(c, r.ledger.now())
}

// newKeeper makes a keeper of the file in the place, which is generation g, or
// nil where there is no process for it.
func (r *round) newKeeper(c cycle, g *generation) *keeper {
	i := slices.IndexFunc(r.site.keepers, func(o *outside) bool {
		return !slices.ContainsFunc(r.keepers, func(k *keeper) bool { return k.proc == o })
	})
	if i < 0 {
		return nil
	}
	k := &keeper{r: r, proc: r.site.keepers[i], gen: g, here: true, dies: c.keeper.dies, stays: c.stays}
	r.keepers = append(r.keepers, k)
	r.must(k.proc.open(r.path, "ro"))
	if c.keeper.snapshot {
		r.must(k.proc.exec(`BEGIN`))
	}
	if c.keeper.when == placed && r.sharesIndex() {
		if _, err := k.proc.look(); err != nil {
			k.spoilt = true
		}
	}
	k.look()
	k.inTx = c.keeper.snapshot
	if !k.lastWAL { // it would hold up the switch to a log
		k.let()
	}
	return k
}

// sharesIndex reports whether a reader may still have the file open that has
// left the place: until Reopen SQLite takes its index for that of the new one,
// which may make it believe that this has another size.
func (r *round) sharesIndex() bool {
	return r.plan.readers > 0 || slices.ContainsFunc(r.keepers, func(k *keeper) bool { return !k.here })
}

// look looks at the file, as the keeper has it open, and judges what it shows.
func (k *keeper) look() {
	must := k.must()
	v, err := k.proc.look()
	switch {
	case k.spoilt:
	case err != nil:
		if k.here && !k.gen.loose {
			k.r.violation(tally.Other, "a reader that keeps the file open: %v", err)
		}
	case k.inTx:
		if v.Tag != k.first.Tag || !maps.Equal(v.Batches, k.first.Batches) || len(v.Flaws) > 0 {
			k.r.violation(tally.Torn, "a snapshot of %s changed: %d batches and now %d, flaws %v", k.first.Tag, len(k.first.Batches), len(v.Batches), v.Flaws)
		}
	case k.here:
		k.r.ledger.judge(k.gen, v, must, "a reader that keeps the file open")
	case v.Tag != k.last.Tag || !maps.Equal(v.Batches, k.last.Batches) || len(v.Flaws) > 0:
		k.r.violation(tally.Torn, "a file that has left the place changed: %s with %d batches and now %s with %d, flaws %v",
			k.last.Tag, len(k.last.Batches), v.Tag, len(v.Batches), v.Flaws)
	}
	if err == nil {
		k.first, k.lastWAL = v, v.WAL
	}
}

func (k *keeper) must() []string {
	if k.spoilt {
		return nil
	}
	k.r.ledger.mu.Lock()
	defer k.r.ledger.mu.Unlock()
	return k.gen.acknowledged()
}

// let ends the keeper's transaction.
func (k *keeper) let() {
	if k.inTx {
		k.r.must(k.proc.exec(`ROLLBACK`))
	}
	k.inTx = false
}

// leave closes the file.
func (k *keeper) leave() {
	k.r.keepers = slices.DeleteFunc(k.r.keepers, func(other *keeper) bool { return other == k })
	if k.dies {
		k.proc.kill()
		i := slices.Index(k.r.site.keepers, k.proc)
		k.r.site.keepers[i] = startOutside(k.r.site.t)
		return
	}
	if err := k.proc.close(); err != nil && !k.spoilt {
		k.r.violation(tally.Other, "a reader closes the file: %v", err)
	}
}

func (r *round) keepersLook() {
	for _, k := range r.keepers {
		k.look()
	}
}

// keepersLet ends the transactions on the present file, which a checkpoint
// would wait for.
func (r *round) keepersLet() {
	for _, k := range r.keepers {
		if k.here {
			k.let()
		}
	}
}

// keepersLeave ends the keepers whose time has come.
func (r *round) keepersLeave() {
	for _, k := range slices.Clone(r.keepers) {
		if k.stays--; k.stays < 0 {
			k.leave()
		}
	}
}

// hereLeave ends the keepers of the present file, and reports whether there
// were any.
func (r *round) hereLeave() (any bool) {
	for _, k := range slices.Clone(r.keepers) {
		if k.here {
			any = true
			k.leave()
		}
	}
	return any
}

// allLeave ends all keepers.
func (r *round) allLeave() {
	for _, k := range slices.Clone(r.keepers) {
		k.leave()
	}
}

// keepersOpen reports whether a keeper has the present file open, and
// keepersHold whether it has a lock on it.
func (r *round) keepersOpen() bool {
	return slices.ContainsFunc(r.keepers, func(k *keeper) bool { return k.here })
}

func (r *round) keepersHold() bool {
	return slices.ContainsFunc(r.keepers, func(k *keeper) bool { return k.here && k.lastWAL && !k.spoilt })
}

// moved tells the keepers what is about to be done to the present file.
func (r *round) moved(p parcel, m method) {
	for _, k := range r.keepers {
		switch {
		case !k.here:
		case p.file == "" && len(p.side) > 0, p.file != "" && m.inPlace():
			k.spoilt, k.gen = true, p.gen
		case p.same || p.edits:
			k.gen = p.gen
		default:
			k.here, k.last = false, r.last().view
		}
	}
}

//go:build unix

package replace

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// plan is what a round does.
type plan struct {
	writers, readers int
	cycles           []cycle
}

// cycle is one maintenance of the database.
type cycle struct {
	load      int    // batches that are acknowledged first
	prepare   bool   // Prepare comes before Close
	cancel    bool   // and is called off once
	exclusive bool   // Close is asked for with require_exclusive first
	quiet     bool   // no writer and no fresh reader from Close to Reopen
	kind      *kind  // what is put in the place
	method    method // and how
	remedy    method // how a good file comes there after a refusal
	keeper    keep   // who keeps the file open
	stays     int    // for how many cycles
	kill      moment // when the daemon is killed
}

func (p plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d writers, %d readers", p.writers, p.readers)
	for i, c := range p.cycles {
		fmt.Fprintf(&b, "\n%d: load %d, %s by %s (remedy by %s)", i, c.load, c.kind.name, c.method, c.remedy)
		for _, f := range []struct {
			on   bool
			name string
		}{{c.prepare, "prepare"}, {c.cancel, "cancel"}, {c.exclusive, "exclusive"}, {c.quiet, "quiet"}} {
			if f.on {
				b.WriteString(", " + f.name)
			}
		}
		if c.keeper.when != never {
			fmt.Fprintf(&b, ", keeper %+v for %d", c.keeper, c.stays)
		}
		if c.kill != none {
			fmt.Fprintf(&b, ", kill %s", c.kill)
		}
	}
	return b.String()
}

// moment is when the daemon is killed: while it has the request, or after the
// step.
type moment string

const (
	none         moment = ""
	atLoad       moment = "under load"
	atPrepare    moment = "in Prepare"
	afterPrepare moment = "after Prepare"
	atClose      moment = "in Close"
	afterClose   moment = "after Close"
	afterPlace   moment = "after the replacement"
	atReopen     moment = "in Reopen"
	afterReopen  moment = "after Reopen"
)

// keep says how a keeper keeps the file open.
type keep struct {
	when     stage
	snapshot bool // in a transaction
	hold     bool // until Prepare gives up
	dies     bool // by kill -9
}

// stage is a point in a cycle.
type stage string

const (
	never    stage = ""
	loaded   stage = "while open"
	prepared stage = "after Prepare"
	closed   stage = "after Close"
	placed   stage = "after the replacement"
)

// makePlan makes the plan of a round.
func makePlan(rng *rand.Rand) plan {
	p := plan{writers: 2 + rng.IntN(3), readers: 1 + rng.IntN(2)}
	for range 6 + rng.IntN(5) {
		p.cycles = append(p.cycles, makeCycle(rng))
	}
	return p
}

func makeCycle(rng *rand.Rand) cycle {
	chance := func(percent int) bool { return rng.IntN(100) < percent }
	c := cycle{
		load: 1 + rng.IntN(20), prepare: chance(60), exclusive: chance(20), quiet: chance(30),
		kind: pickKind(rng), method: pick(rng, methods...), remedy: pick(rng, methods...), stays: rng.IntN(3),
	}
	c.cancel = c.prepare && chance(15)
	if chance(50) {
		c.keeper = keep{
			when: pick(rng, loaded, prepared, closed, placed), snapshot: chance(50), hold: chance(2), dies: chance(10),
		}
	}
	if c.keeper.when == loaded && c.keeper.snapshot {
		c.prepare = true // which it holds up
	}
	if chance(16) {
		c.kill = pick(rng, atLoad, atPrepare, afterPrepare, atClose, afterClose, afterPlace, atReopen, afterReopen)
	}
	return c
}

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

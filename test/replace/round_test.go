//go:build unix

package replace

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
	"github.com/skylinedb/skylinedb/wire"
)

// round is one fresh database and what happens to it.
type round struct {
	t    *testing.T
	site *site
	rng  *rand.Rand
	plan plan

	db        string // the database's name
	path      string // its file
	stage     string // where files are made
	conn      *harness.Conn
	ledger    *ledger
	snapshots []snapshot
	keepers   []*keeper
	neighbour *neighbour

	writers, readers *gate
	allWriters       []*writer
	running          sync.WaitGroup
	acks             atomic.Int64    // of all generations
	reading          sync.RWMutex    // held for reading by readers that have the file open
	epochs           map[string]bool // that were told

	stagings, tags, outsiders int
}

// runRound runs the round of a seed.
func runRound(t *testing.T, s *site, seed uint64) {
	if s.d.Exited() { // the last round has failed
		s.d.Restart()
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	r := &round{
		t: t, site: s, rng: rng, plan: makePlan(rng),
		db: fmt.Sprintf("a%d.db", seed), path: s.d.File(fmt.Sprintf("a%d.db", seed)), stage: harness.Dir(t),
		ledger: &ledger{t: t}, writers: newGate(), readers: newGate(), epochs: map[string]bool{},
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d: %s", seed, r.plan)
		}
	})
	defer r.end()
	r.connect()
	r.begin(seed)
	for i, c := range r.plan.cycles {
		r.run(c)
		if t.Failed() {
			t.Logf("in cycle %d", i)
			return
		}
		tally.Add(tally.Replacements, 1)
	}
	r.close(cycle{})
	r.neighbour.check()
	s.checkLog(t)
}

// begin makes the database and starts everybody.
func (r *round) begin(seed uint64) {
	r.neighbour = &neighbour{r: r, db: fmt.Sprintf("b%d.db", seed), g: newGeneration("neighbour", nil, 0)}
	g := r.bareGeneration()
	r.ledger.enter(g)
	r.furnish(g)
	r.ledger.settle()
	for i := range r.plan.writers {
		w := &writer{r: r, name: fmt.Sprintf("s%dw%d", seed, i), rng: rand.New(rand.NewPCG(seed, uint64(i+1)))}
		r.allWriters = append(r.allWriters, w)
		r.running.Go(w.run)
	}
	for i := range r.plan.readers {
		r.running.Go(func() { r.read(r.site.readers[i]) })
	}
}

// end ends everybody and removes the round's files.
func (r *round) end() {
	r.writers.stop()
	r.readers.stop()
	r.allLeave()
	r.running.Wait()
	files, err := filepath.Glob(r.site.d.File("*"))
	r.must(err)
	for _, file := range files {
		r.must(os.RemoveAll(file))
	}
}

// furnish makes the tables in a database that has none.
func (r *round) furnish(g *generation) {
	id := "birth-" + g.tag
	body := harness.With(harness.Batch(r.db, append(birth(g.tag), batch(id, 1, 100, false)...)...), "request_id", id)
	a := r.ledger.begins(id)
	reply := r.ask(body)
	r.must(reply.Err())
	r.ledger.ends(a, reply, nil)
	r.ledger.set(func() { g.bare = false })
}

// run runs one cycle.
func (r *round) run(c cycle) {
	r.load(c)
	r.unsteady()
	if c.prepare {
		r.prepare(c)
		r.keep(c, prepared)
	}
	r.close(c)
	r.keep(c, closed)
	if c.kill == afterClose {
		r.kill()
	}
	p := c.kind.make(r)
	r.put(c, p)
	r.keepersLook()
	r.reopen(c, p)
	r.release()
	if c.kill == afterReopen {
		r.kill()
	}
	r.keepersLook()
	r.keepersLeave()
}

// load waits until batches are acknowledged.
func (r *round) load(c cycle) {
	if c.keeper.when == loaded && c.keeper.snapshot {
		defer r.block(c)
	} else {
		r.keep(c, loaded)
	}
	if c.kill == atLoad {
		r.await(c.load / 2)
		r.kill()
	}
	r.await(c.load)
	r.keepersLook()
}

// await waits until so many batches more are acknowledged, and at least one of
// the present generation.
func (r *round) await(n int) {
	r.t.Helper()
	want := r.acks.Load() + int64(n)
	harness.Await(r.t, "batches are acknowledged", func() bool {
		return r.acks.Load() >= want && r.ledger.acks() > 0 || r.t.Failed()
	})
}

// acked notes that a batch of a writer was acknowledged. Readers look again
// after some.
func (r *round) acked() {
	if r.acks.Add(1)%5 == 0 {
		r.readers.bump()
	}
}

// bump tells everybody that it may be worth to try again.
func (r *round) bump() {
	r.writers.bump()
	r.readers.bump()
}

// hold keeps writers and readers from going on, and returns when none is at
// it.
func (r *round) hold() {
	r.writers.hold(true)
	r.readers.hold(true)
	r.barrier(func() {})
	r.readersRest()
}

// release lets everybody through who was held.
func (r *round) release() {
	r.writers.hold(false)
	r.readers.hold(false)
}

// must ends the round for an error that is the machine's own.
func (r *round) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// violation reports a broken promise.
func (r *round) violation(kind tally.Count, format string, args ...any) {
	r.t.Helper()
	tally.Violation(r.t, kind, format, args...)
}

// connect connects the round to the daemon.
func (r *round) connect() { r.conn = r.dial() }

func (r *round) dial() *harness.Conn {
	r.t.Helper()
	c, err := harness.Dial(r.t, r.site.d.Socket)
	r.must(err)
	return c
}

// kill kills the daemon and starts it again.
func (r *round) kill() {
	r.t.Helper()
	r.site.restart(r.t)
	tally.Add(tally.Kills, 1)
	r.barrier(func() {})
	r.ledger.restarted()
	r.connect()
	r.bump()
}

// ask sends a request and returns its reply.
func (r *round) ask(body string) *wire.Reply {
	r.t.Helper()
	reply, err := r.conn.Try(body)
	r.must(err)
	return reply
}

// command sends a maintenance command, as often as it takes to get through:
// with kill the daemon is killed when it has it.
func (r *round) command(typ wire.Type, kill bool) *wire.Reply {
	r.t.Helper()
	body := harness.Command(typ, r.db)
	if kill {
		other := r.dial()
		r.must(r.conn.Send(body))
		for range r.rng.IntN(6) { // the command gets on meanwhile
			if _, err := other.Try(harness.Command(wire.TypeStatus, "")); err != nil {
				r.t.Fatal(err)
			}
		}
		r.kill()
	}
	return r.ask(body)
}

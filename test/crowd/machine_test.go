package crowd

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
)

// mix is what a round's seed decides.
type mix struct {
	dbs, clients, batches, flooders, quitters, kills int

	flags []string
}

// draw draws a mix.
func draw(r *rand.Rand) mix {
	m := mix{
		dbs: 1 + r.IntN(16), clients: 1 + r.IntN(20/slow), batches: 5 + r.IntN(40/slow),
		flooders: r.IntN(4), quitters: r.IntN(8),
	}
	if r.IntN(2) == 0 {
		m.kills = 1 + r.IntN(3)
	}
	// Some daemons let a database go whenever there is nothing to do, so that
	// workers come and go under the load.
	m.flags = []string{
		"--worker-idle=" + []string{"1ms", "20ms", "1s", "0"}[r.IntN(4)],
		"--synchronous=" + []string{"normal", "normal", "full"}[r.IntN(3)],
	}
	return m
}

// round is one crowd at one daemon.
type round struct {
	mix
	t       *testing.T
	rand    *rand.Rand
	d       *harness.Daemon
	ledgers []*ledger

	ids      int // given to those who write
	acked    atomic.Int64
	left     atomic.Int64 // callers that are not done
	programs []*client.Client
	floods   []*flooder
	callers  sync.WaitGroup
	quitting sync.WaitGroup
}

func newRound(t *testing.T, seed uint64) *round {
	t.Helper()
	r := &round{t: t, rand: rand.New(rand.NewPCG(seed, 0))}
	r.mix = draw(r.rand)
	r.d = harness.Start(t, harness.Config{Flags: r.flags})
	r.ledgers = newLedgers(t, r.d.Dial(), r.dbs)
	return r
}

func (r *round) id() int {
	r.ids++
	return r.ids
}

// fork returns a source of random numbers for a goroutine of its own.
func (r *round) fork() *rand.Rand { return rand.New(rand.NewPCG(r.rand.Uint64(), 0)) }

// call starts a program with a few callers.
func (r *round) call() {
	c := harness.OpenClient(r.t, client.Options{Socket: r.d.Socket, Dir: r.d.Dir, NoAutostart: true})
	r.programs = append(r.programs, c)
	for range 1 + r.rand.IntN(4) {
		one := &caller{t: r.t, c: c, ledgers: r.ledgers, id: r.id(), rand: r.fork(), acked: &r.acked}
		r.left.Add(1)
		r.callers.Go(func() {
			one.run(r.batches)
			r.left.Add(-1)
		})
	}
}

// flood starts the flooders, at the beginning and after a kill, which ends
// them.
func (r *round) flood() {
	for range r.flooders {
		l := r.ledgers[r.rand.IntN(len(r.ledgers))]
		r.floods = append(r.floods, flood(l, r.d.Dial(), r.id(), 1+r.rand.IntN(300), l.batch))
	}
}

// comeAndGo lets quitters come, several at a time and ten after each other.
func (r *round) comeAndGo() {
	for range r.quitters {
		lives := make([]*quitter, 10)
		for i := range lives {
			lives[i] = &quitter{r.ledgers[r.rand.IntN(len(r.ledgers))], r.id(), r.fork()}
		}
		r.quitting.Go(func() {
			for _, q := range lives {
				q.run(r.t, r.d.Socket)
			}
		})
	}
}

// kill kills the daemon when something was acknowledged, or nothing is left to
// do, and starts it again.
func (r *round) kill() {
	before := r.acked.Load()
	some := int64(1 + r.rand.IntN(50))
	harness.Await(r.t, "batches are acknowledged", func() bool {
		return r.acked.Load() >= before+some || r.left.Load() == 0
	})
	r.d.Crash()
	tally.Add(tally.Kills, 1)
	r.d.Restart()
	r.flood()
}

// run lets the crowd in, and returns when it has gone.
func (r *round) run() {
	for range r.clients {
		r.call()
	}
	r.flood()
	r.comeAndGo()
	for range r.kills {
		r.kill()
	}
	r.callers.Wait()
	r.quitting.Wait()
	for _, f := range r.floods {
		f.end()
	}
}

// Clients of all kinds come to daemons of all kinds, in numbers that the seed
// decides: programs that use the Go client, connections that flood, and some
// that hang up in the middle of anything, while the daemon may be killed and
// started again. What is acknowledged is done once, and what is not
// acknowledged at most once.
func TestCrowdMachine(t *testing.T) {
	for seed := range tally.Rounds(3) {
		ok := t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			r := newRound(t, seed)
			r.run()
			batches := checkFiles(t, r.d.Dir, r.ledgers)
			t.Logf("%+v: %d batches", r.mix, batches)
		})
		if !ok {
			break
		}
	}
}

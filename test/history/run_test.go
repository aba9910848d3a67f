package history

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
)

// run is one run of a program against a daemon of its own.
type run struct {
	t       *testing.T
	program *program
	daemon  *harness.Daemon
	rec     recorder

	known    []atomic.Int64       // by database, the last rev that was told
	conns    atomic.Int64         // made so far
	lives    atomic.Pointer[life] // the present one
	over     chan struct{}        // closed when nobody waits for a daemon any more
	playing  atomic.Int64         // clients that have not ended
	ended    chan struct{}        // closed when all clients have
	replies  atomic.Int64         // received so far
	killAt   atomic.Int64         // the number of replies after which the daemon dies, 0 for never
	killTime chan struct{}        // gets a message when it has come to that
}

// life is the life of one of the run's daemons.
type life struct {
	number int           // from 0
	up     chan struct{} // closed when it answers
	dead   chan struct{} // closed when it is no more
}

// play runs p and returns its history.
func play(t *testing.T, p *program) []*event {
	t.Helper()
	r := &run{
		t: t, program: p, daemon: harness.Start(t, harness.Config{}),
		known: make([]atomic.Int64, p.Databases),
		over:  make(chan struct{}), ended: make(chan struct{}), killTime: make(chan struct{}, 1),
	}
	close(r.nextLife().up)
	r.playClients()
	r.lookAtEnd()
	return r.rec.history()
}

// playClients lets the clients play, and kills the daemon meanwhile.
func (r *run) playClients() {
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(r.over) // also where the test ends because a daemon does not start
	r.playing.Store(1)  // until all have begun
	r.expectKill(0)
	for i, s := range r.program.Clients {
		r.playing.Add(1)
		wg.Go(func() {
			defer r.played()
			if err := r.client(i, s).play(); err != nil && !errors.Is(err, errOver) {
				r.t.Errorf("client %d: %v", i, err)
			}
		})
	}
	r.played()
	for kills := 0; ; kills++ {
		select {
		case <-r.killTime:
			r.killDaemon(kills + 1)
		case <-r.ended:
			return
		}
	}
}

// played notes that one of those who play has ended.
func (r *run) played() {
	if r.playing.Add(-1) == 0 {
		close(r.ended)
	}
}

func (r *run) client(number int, s script) *client {
	return &client{run: r, number: number, script: s, readers: map[int]*reader{}}
}

// expectKill sets when the daemon is killed for the n-th time, from 0.
func (r *run) expectKill(n int) {
	if n < len(r.program.Kills) {
		r.killAt.Store(int64(r.program.Kills[n]))
	}
}

// killDaemon kills the daemon and starts it again. It is killed next as the
// program says of that number.
func (r *run) killDaemon(next int) {
	r.t.Helper()
	call := r.rec.tick()
	r.daemon.Crash()
	ret := r.rec.tick()
	tally.Add(tally.Kills, 1)
	for db := range r.program.Databases {
		in := &input{op: op{Kind: kill, DB: db}, Client: -1, Conn: -1}
		r.rec.add(&event{In: in, Out: &output{}, Call: call, Ret: ret})
	}
	r.expectKill(next)
	before := r.lives.Load()
	l := r.nextLife()
	close(before.dead)
	r.daemon.Restart()
	close(l.up)
}

// nextLife begins the life of a daemon that is not started yet, so that whoever
// reaches it can know it.
func (r *run) nextLife() *life {
	l := &life{up: make(chan struct{}), dead: make(chan struct{})}
	if before := r.lives.Load(); before != nil {
		l.number = before.number + 1
	}
	r.lives.Store(l)
	return l
}

// lookAtEnd asks each database for its last word, and looks into its file
// before and after the daemon's end.
func (r *run) lookAtEnd() {
	r.t.Helper()
	end := script{Window: 1}
	for db := range r.program.Databases {
		end.Ops = append(end.Ops,
			op{Kind: ping, DB: db}, op{Kind: reopen, DB: db},
			op{Kind: batch, DB: db, Stmts: []stmt{{Do: create}, {Do: add, K: 1, V: 1}}},
			op{Kind: read, DB: db})
	}
	c := r.client(len(r.program.Clients), end)
	if err := c.play(); err != nil {
		r.t.Fatal(err)
	}
	r.daemon.Shutdown()
	for db := range r.program.Databases {
		c.read(op{Kind: read, DB: db})
		c.closeReader(db)
	}
}

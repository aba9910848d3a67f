//go:build unix

package replace

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/skylinedb/skylinedb/test/harness"
)

// writer writes one batch after the other through the daemon. A batch that was
// refused, or whose outcome it does not know, it sends again.
type writer struct {
	r    *round
	name string
	rng  *rand.Rand

	mu sync.Mutex // held while a batch is on its way; guards what follows

	conn *harness.Conn // nil while there is none
	n    int           // batches so far
	id   string        // of the batch in hand, "" for none
	body string
	last string // that was acknowledged
}

// run writes until the round ends.
func (w *writer) run() {
	patience := w.rng.IntN(4)
	for {
		tick, ok := w.r.writers.enter()
		if !ok {
			return
		}
		if w.try() {
			continue
		}
		// It asks again at once, but not for ever.
		if patience--; patience < 0 {
			w.r.writers.await(tick)
			patience = w.rng.IntN(4)
		}
	}
}

// try sends the batch in hand, or a new one. It reports false if that was
// refused, or there is no daemon: something must happen before it is of use to
// try again.
func (w *writer) try() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn == nil {
		conn, err := harness.Dial(w.r.t, w.r.site.d.Socket)
		if err != nil {
			return false // the daemon is being restarted
		}
		w.conn = conn
	}
	if w.id == "" {
		w.make()
	}
	a := w.r.ledger.begins(w.id)
	reply, err := w.conn.Try(w.body)
	done := w.r.ledger.ends(a, reply, err)
	if err != nil {
		w.conn.Close()
		w.conn = nil
		return true
	}
	if !done {
		return false
	}
	w.id, w.last = "", w.id
	w.r.acked()
	return true
}

// make makes the next batch.
func (w *writer) make() {
	w.n++
	w.id = fmt.Sprintf("%s-%d", w.name, w.n)
	sql := batch(w.id, 1+w.rng.IntN(3), w.rng.IntN(1200), w.rng.IntN(3) == 0)
	w.body = harness.With(harness.Batch(w.r.db, sql...), "request_id", w.id)
	if w.last != "" && w.rng.IntN(2) == 0 {
		w.body = harness.With(w.body, "forget", []string{w.last})
	}
}

// barrier returns when every batch that was on its way has been answered, and
// does what must happen while none is.
func (r *round) barrier(do func()) {
	for _, w := range r.allWriters {
		w.mu.Lock()
		defer w.mu.Unlock()
	}
	do()
}

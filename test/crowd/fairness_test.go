package crowd

import (
	"cmp"
	"slices"
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
)

// Who is compared in TestFairness, and by how much a wait may exceed the
// others'.
const (
	fairFlooders  = 3
	fairWindow    = 300
	fairTricklers = 100 / slow
	fairRounds    = 50
	fairFactor    = 10
)

// wait is how many batches of others were committed, on the average, while a
// connection waited for one of its own.
type wait struct{ batches, overtaken int64 }

func (w *wait) add(floor, rev int64) {
	w.batches++
	w.overtaken += rev - floor - 1
}

func (w *wait) mean() float64 { return float64(w.overtaken) / float64(max(w.batches, 1)) }

// Clients that send one batch after the other work beside some that flood the
// database with hundreds at once. No connection's batches wait for more than
// ten times as many others as is usual.
func TestFairness(t *testing.T) {
	d := harness.Start(t, harness.Config{})
	l := newLedgers(t, d.Dial(), 1)[0]
	var floods []*flooder
	for i := range fairFlooders {
		floods = append(floods, flood(l, d.Dial(), i, fairWindow, l.batch))
	}
	waits := make([]wait, fairTricklers)
	var tricklers sync.WaitGroup
	for i := range waits {
		c := d.Dial()
		tricklers.Go(func() { waits[i].trickle(l, c, fairFlooders+i) })
	}
	tricklers.Wait()
	for _, f := range floods {
		f.end()
	}
	checkFiles(t, d.Dir, []*ledger{l})
	slices.SortFunc(waits, func(a, b wait) int { return cmp.Compare(a.mean(), b.mean()) })
	median, longest := waits[len(waits)/2], waits[len(waits)-1]
	t.Logf("%d batches; a client waits for %.0f others, the one that waits longest for %.0f", len(l.acked), median.mean(), longest.mean())
	if longest.mean() > fairFactor*median.mean() {
		tally.Violation(t, tally.Other, "a connection waits for %.0f others, and the median is %.0f", longest.mean(), median.mean())
	}
}

// trickle sends batches, each when the last was answered.
func (w *wait) trickle(l *ledger, c *harness.Conn, id int) {
	for n := range fairRounds {
		floor := l.floor()
		if !l.ask(c, row{id, n}) {
			return
		}
		w.add(floor, l.revOf(row{id, n}, floor))
	}
}

// revOf returns the rev with which a row was acknowledged after floor.
func (l *ledger) revOf(r row, floor int64) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rev := floor + 1; rev <= l.highest; rev++ {
		if l.acked[rev] == r {
			return rev
		}
	}
	return floor + 1
}

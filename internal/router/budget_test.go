package router

import (
	"context"
	"testing"
	"time"
)

// newTestBudget returns a budget of so many shared bytes.
func newTestBudget(shared int) *budget {
	b := newBudget(0)
	b.free = shared
	return b
}

func (b *budget) waiters() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting)
}

// await waits until cond holds, and fails the test when it does not for very long.
func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestAllowanceNeedsNoShare(t *testing.T) {
	a, b := &account{}, newTestBudget(0)
	r, err := a.reserve(t.Context(), b, allowance)
	if err != nil {
		t.Fatal(err)
	}
	r.progressed()
	r.arrived()
	r.release()
	if again, err := a.reserve(t.Context(), b, allowance); err != nil || again.share != nil {
		t.Fatalf("after release: %v, %v", again, err)
	}
}

func TestSmallerSharesGoFirst(t *testing.T) {
	b := newTestBudget(100)
	first, err := b.acquire(t.Context(), 100, func() {})
	if err != nil {
		t.Fatal(err)
	}
	order := make(chan int, 3)
	for _, n := range []int{95, 50, 10} { // the largest needs the room of both others
		waiting := b.waiters()
		go func() {
			s, err := b.acquire(context.Background(), n, func() {})
			if err == nil {
				order <- n
				b.release(s)
			}
		}()
		await(t, "a waiter", func() bool { return b.waiters() > waiting })
	}
	b.release(first)
	got := map[int]bool{<-order: true, <-order: true}
	if !got[10] || !got[50] {
		t.Errorf("the first two are %v, want 10 and 50", got)
	}
	if last := <-order; last != 95 {
		t.Errorf("the last is %d, want 95", last)
	}
}

func TestWaiterGivesUp(t *testing.T) {
	b := newTestBudget(10)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.acquire(ctx, 11, func() {}); err == nil {
		t.Fatal("got bytes that are not there")
	}
	if n := b.waiters(); n != 0 {
		t.Errorf("%d waiters are left", n)
	}
	s, err := b.acquire(t.Context(), 10, func() {})
	if err != nil {
		t.Fatal(err)
	}
	b.release(s)
	if b.free != 10 || len(b.reading) != 0 {
		t.Errorf("free %d, reading %d after all is released", b.free, len(b.reading))
	}
}

// A frame that stands still loses its connection when somebody waits; one that
// has arrived, or moves, does not.
func TestStalledFrameIsEnded(t *testing.T) {
	b := newTestBudget(30)
	ended := map[string]bool{}
	shares := map[string]*share{}
	for _, name := range []string{"stalled", "moving", "arrived"} {
		s, err := b.acquire(t.Context(), 10, func() { ended[name] = true })
		if err != nil {
			t.Fatal(err)
		}
		shares[name] = s
	}
	b.read(shares["arrived"])
	now := time.Now().Add(2 * stallTime)
	shares["moving"].progress.Store(now.UnixNano())
	b.endStalled(now)
	if !ended["stalled"] || ended["moving"] || ended["arrived"] {
		t.Errorf("ended %v, want the stalled one alone", ended)
	}
}

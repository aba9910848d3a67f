package router

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// Bounds of what clients can make the daemon hold.
const (
	maxConns      = 4096      // connections
	maxUnanswered = 64        // requests of one connection
	allowance     = 64 << 10  // bytes of unanswered requests that a connection has to itself
	sharedBytes   = 256 << 20 // bytes of unanswered requests beyond the allowances
)

// budget bounds the bytes of requests that are being read or wait for their
// reply. A request that exceeds its connection's allowance takes from the
// share of all, and its connection waits where nothing is left. Small requests
// never do, so large ones cannot hold them up.
type budget struct{ shared *semaphore.Weighted }

func newBudget(maxFrame int) *budget {
	return &budget{semaphore.NewWeighted(int64(max(sharedBytes, 2*maxFrame)))}
}

// account is one connection's part in the budget. Its reader reserves, its
// writer releases.
type account struct {
	budget *budget
	own    chan int // one element: the bytes taken of the allowance
}

func (b *budget) open() *account {
	a := &account{budget: b, own: make(chan int, 1)}
	a.own <- 0
	return a
}

// reserve takes n bytes and returns the function that gives them back, to be
// called once. It fails when ctx ends.
func (a *account) reserve(ctx context.Context, n int) (release func(), err error) {
	if a.addOwn(n) {
		return func() { a.addOwn(-n) }, nil
	}
	if err := a.budget.shared.Acquire(ctx, int64(n)); err != nil {
		return nil, err
	}
	return func() { a.budget.shared.Release(int64(n)) }, nil
}

// addOwn changes what is taken of the allowance, unless it would be exceeded.
func (a *account) addOwn(n int) bool {
	taken := <-a.own
	ok := taken+n <= allowance
	if ok {
		taken += n
	}
	a.own <- taken
	return ok
}

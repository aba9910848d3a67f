package router

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of what clients can make the daemon hold.
const (
	maxConns      = 4096      // connections
	maxUnanswered = 64        // requests of one connection
	allowance     = 64 << 10  // bytes of unanswered requests that a connection has to itself
	sharedBytes   = 256 << 20 // bytes of unanswered requests beyond the allowances, and of results
	maxReaders    = 64        // connections that queries run on
	maxHeld       = 64        // transactions of one connection
)

// stallTime is how long a large frame may stand still while others wait for
// the room that it holds.
const stallTime = time.Second

// budget bounds the bytes of requests that are being read or wait for their
// reply. A request that exceeds its connection's allowance takes from the
// share of all; where nothing is left it waits, smaller ones before larger
// ones. Small requests never take from the share, so large ones cannot hold
// them up; and a client that begins a large frame and stops loses its
// connection as soon as somebody waits for the room.
type budget struct {
	mu      sync.Mutex // guards what follows
	free    int
	waiting []*share          // by size, then by arrival
	reading map[*share]func() // shares whose frames are on their way, and how to end them
}

// heldBudgets are the budgets of connections that hold a transaction: those
// who wait for it must not keep it from going on.
type heldBudgets struct{ requests, results *budget }

// share is one request's part of the shared bytes.
type share struct {
	n        int
	granted  chan struct{} // closed when the bytes are there
	progress atomic.Int64  // when bytes of its frame came last, in Unix nanoseconds
}

func newBudget(maxFrame int) *budget {
	return &budget{free: max(sharedBytes, 2*maxFrame), reading: map[*share]func(){}}
}

// takeShare is acquire for bytes that do not come from the connection.
func (b *budget) takeShare(ctx context.Context, n int) (*results, error) {
	s, err := b.acquire(ctx, n, func() {})
	if err != nil {
		return nil, err
	}
	b.read(s)
	return &results{b, s}, nil
}

// results is what the results of a request have taken.
type results struct {
	budget *budget
	share  *share
}

// release gives the bytes back. Call it once.
func (r *results) release() { r.budget.release(r.share) }

// acquire takes n bytes for a frame that is about to be read; end ends the
// connection it comes from. It fails when ctx ends.
func (b *budget) acquire(ctx context.Context, n int, end func()) (*share, error) {
	s := &share{n: n, granted: make(chan struct{})}
	b.mu.Lock()
	at, _ := slices.BinarySearchFunc(b.waiting, n+1, func(w *share, n int) int { return w.n - n })
	b.waiting = slices.Insert(b.waiting, at, s)
	b.reading[s] = end
	b.grant()
	b.mu.Unlock()
	select {
	case <-s.granted:
		return s, nil
	default:
	}
	ticker := time.NewTicker(stallTime)
	defer ticker.Stop()
	for {
		select {
		case <-s.granted:
			return s, nil
		case <-ctx.Done():
			b.release(s)
			return nil, ctx.Err()
		case now := <-ticker.C:
			b.endStalled(now)
		}
	}
}

// grant gives waiting shares their bytes, in order. It is called with mu held.
func (b *budget) grant() {
	for len(b.waiting) > 0 && b.waiting[0].n <= b.free {
		s := b.waiting[0]
		b.waiting = slices.Delete(b.waiting, 0, 1)
		b.free -= s.n
		s.progress.Store(time.Now().UnixNano())
		close(s.granted)
	}
}

// read notes that the frame of s has arrived: its request will be answered.
func (b *budget) read(s *share) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.reading, s)
}

// release gives the bytes of s back, or its place among those who wait.
func (b *budget) release(s *share) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.reading, s)
	if at := slices.Index(b.waiting, s); at >= 0 {
		b.waiting = slices.Delete(b.waiting, at, at+1)
		return
	}
	b.free += s.n
	b.grant()
}

// endStalled ends the connections whose large frames stand still.
func (b *budget) endStalled(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s, end := range b.reading {
		select {
		case <-s.granted:
			if s.progress.Load() < now.Add(-stallTime).UnixNano() {
				end()
			}
		default: // it waits itself
		}
	}
}

// account is one connection's part in the budget. Its reader reserves, its
// writer releases.
type account struct {
	end func() // ends the connection

	mu  sync.Mutex // guards own
	own int        // bytes taken of the allowance
}

// reservation is what one request has taken. The zero reservation is nothing.
type reservation struct {
	account *account
	budget  *budget
	n       int
	share   *share // nil where it fits the allowance
}

// take takes n bytes of the allowance, if there are so many.
func (a *account) take(n int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.own+n > allowance {
		return false
	}
	a.own += n
	return true
}

// reserve takes n bytes, of the allowance or of the budget b, for a frame that
// is about to be read. It fails when ctx ends.
func (a *account) reserve(ctx context.Context, b *budget, n int) (reservation, error) {
	if a.take(n) {
		return reservation{account: a, n: n}, nil
	}
	s, err := b.acquire(ctx, n, a.end)
	if err != nil {
		return reservation{}, err
	}
	return reservation{account: a, budget: b, n: n, share: s}, nil
}

// progressed notes that bytes of the frame have come.
func (r *reservation) progressed() {
	if r.share != nil {
		r.share.progress.Store(time.Now().UnixNano())
	}
}

// arrived notes that the whole frame has come.
func (r *reservation) arrived() {
	if r.share != nil {
		r.budget.read(r.share)
	}
}

// release gives the bytes back. Call it once.
func (r *reservation) release() {
	switch {
	case r.share != nil:
		r.budget.release(r.share)
	case r.account != nil:
		r.account.mu.Lock()
		r.account.own -= r.n
		r.account.mu.Unlock()
	}
}

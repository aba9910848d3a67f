//go:build unix

package replace

import "sync"

// gate lets goroutines through, or holds them, and tells them that something
// has happened for which it is worth to try again.
type gate struct {
	mu      sync.Mutex
	changed *sync.Cond
	tick    int // grows with everything that happens
	held    bool
	stopped bool
}

func newGate() *gate {
	g := &gate{}
	g.changed = sync.NewCond(&g.mu)
	return g
}

// enter waits while the gate is held. It returns the tick, and false at the
// end.
func (g *gate) enter() (tick int, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.held && !g.stopped {
		g.changed.Wait()
	}
	return g.tick, !g.stopped
}

// await waits until something has happened since tick.
func (g *gate) await(tick int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.tick == tick && !g.stopped {
		g.changed.Wait()
	}
}

// bump tells that something has happened.
func (g *gate) bump() { g.set(func() {}) }

// hold keeps the gate shut until it is told otherwise.
func (g *gate) hold(held bool) { g.set(func() { g.held = held }) }

// stop lets nobody through any more.
func (g *gate) stop() { g.set(func() { g.stopped = true }) }

func (g *gate) set(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
	g.tick++
	g.changed.Broadcast()
}

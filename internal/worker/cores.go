package worker

import (
	"math"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

// coresPerCPU is how many of Go's processors there may be for each of the
// machine's.
const coresPerCPU = 4

// Cores gives the Go runtime more processors while the commits of many databases
// go on at once. A goroutine keeps its processor while it waits for a sync of the
// disk, until the runtime notices; with as many processors as the machine has,
// two syncs on a small one hold up all the others. The zero Cores is ready, nil
// does nothing, and where the user has set GOMAXPROCS nothing is changed.
type Cores struct {
	commits atomic.Int32 // that go on
	procs   atomic.Int32 // of Go's, 0 for what the runtime has chosen
	mu      sync.Mutex   // for changing them
}

// commit runs a commit.
func (c *Cores) commit(run func() error) error {
	if c != nil {
		if n := c.commits.Add(1); n > 1 && n > c.procs.Load() {
			c.raise(n)
		}
		defer c.commits.Add(-1)
	}
	return run()
}

// raise makes room for n commits at once. It stops all goroutines for a moment,
// as often as there are more of them than ever since Rest.
func (c *Cores) raise(n int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	most := int32(runtime.NumCPU() * coresPerCPU)
	now := int32(runtime.GOMAXPROCS(0))
	if os.Getenv("GOMAXPROCS") != "" {
		most = now
	}
	if n = min(n, most); n > now {
		runtime.GOMAXPROCS(int(n))
		now = n
	}
	if now >= most { // there is nothing more to do
		now = math.MaxInt32
	}
	c.procs.Store(now)
}

// Rest takes the processors back.
func (c *Cores) Rest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.procs.Swap(0) > 0 && os.Getenv("GOMAXPROCS") == "" {
		runtime.SetDefaultGOMAXPROCS()
	}
}

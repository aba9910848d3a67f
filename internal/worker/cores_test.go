package worker

import (
	"errors"
	"runtime"
	"sync"
	"testing"
)

// While many commits wait for the disk the runtime has more processors, within a
// bound, and afterwards as many as before.
func TestCoresFollowCommits(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	before := runtime.GOMAXPROCS(0)
	most := runtime.NumCPU() * coresPerCPU
	var c Cores
	for _, at := range []int{1, most / 2, 3 * most} {
		atOnce(&c, at)
		want := min(max(at, before), max(most, before))
		if got := runtime.GOMAXPROCS(0); got != want {
			t.Errorf("%d commits at once: %d processors, want %d", at, got, want)
		}
	}
	c.Rest()
	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("%d processors at rest, want %d", got, before)
	}
	atOnce(&c, most)
	if got := runtime.GOMAXPROCS(0); got != max(most, before) {
		t.Errorf("%d processors after a rest, want %d", got, max(most, before))
	}
	c.Rest()
}

// Whoever has set the number of processors keeps it.
func TestCoresLeaveGOMAXPROCS(t *testing.T) {
	t.Setenv("GOMAXPROCS", "1")
	before := runtime.GOMAXPROCS(0)
	var c Cores
	atOnce(&c, 100)
	c.Rest()
	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("%d processors, want %d", got, before)
	}
}

// atOnce lets n commits go on at once.
func atOnce(c *Cores, n int) {
	var began, ended sync.WaitGroup
	end := make(chan struct{})
	began.Add(n)
	for range n {
		ended.Go(func() {
			_ = c.commit(func() error {
				began.Done()
				<-end
				return errors.New("it failed") // as good as any
			})
		})
	}
	began.Wait()
	close(end)
	ended.Wait()
}

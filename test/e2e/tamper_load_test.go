//go:build unix

package e2e

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// Under load the index is cut off again and again, under SQLite's hands: memory
// that the daemon has mapped is gone. Clients get an error at worst, and who
// asks again has his batch done once; the daemon and its other database go on.
func TestIndexCutOffUnderLoad(t *testing.T) {
	t.Parallel()
	d, _ := withT(t, harness.Config{Allow: []string{"fault inside SQLite", "panic in a worker"}}, "a.db", "b.db")
	other := startLoad(t, d, "b.db", 1)
	var acked, refused atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	next := make([]int, 3) // the number of batches of each client
	for i := range next {
		c := d.Dial()
		wg.Go(func() {
			for ; !stop.Load(); next[i]++ {
				body := harness.With(harness.Batch("a.db", insertT(i, next[i])), "request_id", fmt.Sprint(i, " ", next[i]))
				if !insist(t, c, body, &refused) {
					return
				}
				acked.Add(1)
			}
		})
	}
	for range 25 {
		before := acked.Load()
		harness.Await(t, "batches are acknowledged", func() bool { return acked.Load() >= before+10 || t.Failed() })
		if err := os.Truncate(d.File("a.db-shm"), 0); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	stop.Store(true)
	wg.Wait()
	other.await(other.count.Load() + 20)
	wantOnce(t, d.File("a.db"), next)
	t.Logf("%d batches, %d errors", acked.Load(), refused.Load())
	d.Shutdown()
	other.check(d.File("b.db"))
}

// insist asks until the batch is done, and counts the errors on the way.
func insist(t *testing.T, c *harness.Conn, body string, refused *atomic.Int64) bool {
	for {
		reply, err := c.Try(body)
		if err != nil {
			t.Error(err)
			return false
		}
		switch reply.Code {
		case "":
			return true
		case wire.CodeInternal, wire.CodeIOError:
			refused.Add(1)
		default:
			t.Errorf("got %s %q", reply.Code, reply.Message)
			return false
		}
	}
}

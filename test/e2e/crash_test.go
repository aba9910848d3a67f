package e2e

import (
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/test/harness"
)

// kill -9 of the daemon ten times under the load of Go clients is a pause to
// their callers: no error, no batch lost, none executed twice.
func TestTenCrashesUnderGoClients(t *testing.T) {
	t.Parallel()
	o := harness.Autostart(t)
	makeT(t, o, "a.db", "t")
	var acked atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	ctx := patient(t)
	next := make([]int, 4) // the number of batches of each client
	for i := range next {
		c := harness.OpenClient(t, o)
		wg.Go(func() {
			for ; !stop.Load(); next[i]++ {
				if _, err := c.Exec(ctx, "a.db", client.SQL(insertT(i, next[i]))); err != nil {
					t.Errorf("client %d, batch %d: %v", i, next[i], err)
					return
				}
				acked.Add(1)
			}
		})
	}
	c := harness.OpenClient(t, o)
	for range 10 {
		before := acked.Load()
		harness.Await(t, "batches are acknowledged", func() bool { return acked.Load() >= before+40 || t.Failed() })
		status, err := c.Status(ctx)
		if err != nil {
			t.Fatal(err)
		}
		harness.KillProcess(t, status.PID)
	}
	stop.Store(true)
	wg.Wait()
	wantOnce(t, filepath.Join(o.Dir, "a.db"), next)
	t.Logf("%d batches", acked.Load())
}

// wantOnce checks that each client's batches, numbered from 0 and as many as
// batches says, are in t once.
func wantOnce(t *testing.T, file string, batches []int) {
	t.Helper()
	reader := harness.Open(t, file, "ro")
	for i, want := range batches {
		row, err := reader.Try(`SELECT count(*), count(DISTINCT n), coalesce(max(n), -1) + 1 FROM t WHERE client = ` + strconv.Itoa(i))
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range row {
			if got != strconv.Itoa(want) {
				t.Errorf("client %d: %d batches, and the file has %s, of them different %s, the last one is number %s", i, want, row[0], row[1], row[2])
				break
			}
		}
	}
}

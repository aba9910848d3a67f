package e2e

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// Eight processes write at once: all is acknowledged, the revs have no gap and
// no repeat, and a reader sees each batch wholly or not at all.
func TestEightProcesses(t *testing.T) {
	t.Parallel()
	const processes, batches = 8, 250
	d := harness.Start(t, harness.Config{})
	c := d.Dial()
	start := *c.OK(harness.Batch("a.db", createT, `CREATE TABLE u(client INTEGER, n INTEGER)`)).Rev
	writers := startWriters(t, processes, writerConfig{
		Socket: d.Socket, Dir: d.Dir, DB: "a.db", Tables: []string{"t", "u"}, Batches: batches,
	})
	var writing atomic.Bool
	writing.Store(true)
	reads := make(chan int)
	reader := harness.Open(t, d.File("a.db"), "ro")
	go func() { reads <- readConsistently(t, reader, &writing) }()
	for _, w := range writers {
		w.Tell("go")
	}
	seen := collectRevs(t, writers)
	writing.Store(false)
	t.Logf("a reader looked %d times", <-reads)
	for rev := start + 1; rev <= start+processes*batches; rev++ {
		if n := seen[strconv.FormatInt(rev, 10)]; n != 1 {
			t.Errorf("rev %d was given %d times", rev, n)
		}
	}
	row, err := reader.Try(`SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM (SELECT DISTINCT client, n FROM u)), (SELECT rev FROM _skylinedb_state)`)
	if err != nil || row[0] != "2000" || row[1] != "2000" || row[2] != strconv.FormatInt(start+processes*batches, 10) {
		t.Errorf("the file has %v, %v", row, err)
	}
}

// collectRevs waits for the writers' end and returns how often each rev was
// given.
func collectRevs(t *testing.T, writers []*harness.Process) map[string]int {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	seen := map[string]int{}
	for _, w := range writers {
		wg.Go(func() {
			for rev, ok := w.Next(); ok; rev, ok = w.Next() {
				mu.Lock()
				seen[rev]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for _, w := range writers {
		if status := w.Wait(); status != 0 {
			t.Errorf("a writer ended with status %d: %s", status, w.Output())
		}
	}
	return seen
}

// readConsistently reads until the writing ends, and returns how often.
func readConsistently(t *testing.T, reader *harness.SQLite, writing *atomic.Bool) (times int) {
	last := 0
	for writing.Load() {
		row, err := reader.Try(`SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM u)`)
		if err != nil {
			t.Error(err)
			return times
		}
		n, err := strconv.Atoi(row[0])
		if err != nil || row[0] != row[1] || n < last {
			t.Errorf("a reader sees %v after %d batches", row, last)
		}
		last = n
		times++
	}
	return times
}

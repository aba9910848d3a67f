//go:build !race

// With the race detector the many records would take minutes, and it has
// nothing to find here.

package e2e

import (
	"fmt"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// maxRecords is how many records of requests a database keeps.
const maxRecords = 100_000

// The bound on the number of records holds although none of them seems old:
// the first that were written go first.
func TestRecordsOfTheFutureAreBounded(t *testing.T) {
	t.Parallel()
	const excess, batches = 100, 20
	d, c := withT(t, harness.Config{}, "a.db")
	c.OK(numbered("now", 0))
	d.Shutdown()
	outside := harness.Open(t, d.File("a.db"), "rw")
	outside.Exec(fmt.Sprintf(`WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM i WHERE n < %d)
		INSERT INTO _skylinedb_requests(id, digest, at, reply)
		SELECT 'ahead-' || n, x'00', at + %d, '{}' FROM i, _skylinedb_requests WHERE id = 'now-0'`, maxRecords+excess, year.Milliseconds()))
	outside.Close()
	d.Restart()
	c = d.Dial()
	for n := range batches {
		c.OK(numbered("later", n))
	}
	reader := harness.Open(t, d.File("a.db"), "ro")
	row, err := reader.Try(`SELECT count(*), sum(id LIKE 'later-%'), min(seq) FROM _skylinedb_requests`)
	if want := fmt.Sprint([]int{maxRecords, batches, 1 + excess + batches + 1}); err != nil || fmt.Sprint(row) != want {
		t.Errorf("the number of records, of new ones, and the oldest: %v, %v; want %v", row, err, want)
	}
	for n := range batches {
		if !c.OK(numbered("later", n)).Replayed {
			t.Errorf("batch later-%d was executed again", n)
		}
	}
	wantCount(t, d, "a.db", batches+1)
}

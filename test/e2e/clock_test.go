package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/test/harness"
)

// maxRecords is how many records of requests a database keeps.
const maxRecords = 100_000

// numbered is a batch that inserts a row and has a request id.
func numbered(name string, n int) string {
	return harness.With(harness.Batch("a.db", insertT(1, n)), "request_id", fmt.Sprintf("%s-%d", name, n))
}

// setRecords changes the time of records, as if another clock had been read
// when they were written.
func setRecords(t *testing.T, d *harness.Daemon, name string, by time.Duration) {
	t.Helper()
	outside := harness.Open(t, d.File("a.db"), "rw")
	outside.Exec(fmt.Sprintf(`UPDATE _skylinedb_requests SET at = at + %d WHERE id LIKE '%s-%%'`, by.Milliseconds(), name))
	outside.Close()
}

const year = 365 * 24 * time.Hour

// Records that were written when the clock was a year ahead, or up to a day
// behind, are found as others are, and so are those that came after them.
func TestRecordsOfAnotherClock(t *testing.T) {
	t.Parallel()
	const each = 20
	d, c := withT(t, harness.Config{}, "a.db")
	names := []string{"before", "ahead", "behind", "after"}
	for _, name := range names {
		for n := range each {
			c.OK(numbered(name, n))
		}
	}
	setRecords(t, d, "ahead", year)
	setRecords(t, d, "behind", -23*time.Hour)
	for round, again := range []func(){func() {}, d.Crash, d.Shutdown} {
		again()
		if round > 0 {
			d.Restart()
			c = d.Dial()
		}
		for n := range each { // each looks for records that may go
			c.OK(numbered(fmt.Sprint("round", round), n))
		}
		for _, name := range names {
			for n := range each {
				if !c.OK(numbered(name, n)).Replayed {
					t.Fatalf("round %d: batch %s-%d was executed again", round, name, n)
				}
			}
		}
	}
	wantCount(t, d, "a.db", each*(len(names)+3))
}

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
		SELECT 'ahead-' || n, digest, at + %d, reply FROM i, _skylinedb_requests WHERE id = 'now-0'`, maxRecords+excess, year.Milliseconds()))
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

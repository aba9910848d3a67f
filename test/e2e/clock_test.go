package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/test/harness"
)

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
	const each = 10
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

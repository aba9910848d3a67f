package e2e

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// mixed returns the n-th of a sequence of requests of all kinds.
func mixed(n int) string {
	bodies := []string{
		harness.Batch("a.db", insertT(1, n)),
		harness.Batch("b.db", insertT(1, n)),
		harness.Command(wire.TypePing, "a.db"),
		`{"type":"Nonsense"}`,
		harness.Batch("b.db", `SELEC 1`),
		harness.Batch("c.db", insertT(1, n)),
		harness.Command(wire.TypeStatus, ""),
		harness.Batch("../x.db", insertT(1, n)),
		rawBatch(`[]`),
	}
	return harness.With(bodies[n%len(bodies)], "id", n)
}

// Replies come in the order of the requests, whichever databases these are
// for and however they end.
func TestPipelineOrder(t *testing.T) {
	t.Parallel()
	d, _ := withT(t, harness.Config{}, "a.db", "b.db", "c.db")
	c := d.Dial()
	const n = 900 // more than the daemon takes before the first is answered
	sent := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < n && err == nil; i += 90 {
			var bodies []string
			for j := range 90 {
				bodies = append(bodies, mixed(i+j))
			}
			err = c.Send(bodies...)
		}
		sent <- err
	}()
	for i := range n {
		if id := string(c.Reply().ID); id != strconv.Itoa(i) {
			t.Fatalf("got the reply to request %s, want that to %d", id, i)
		}
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	for _, db := range []string{"a.db", "b.db", "c.db"} {
		wantCount(t, d, db, n/9)
	}
}

// A request that waits holds up the replies behind it and not their execution.
func TestPipelineBehindBlocked(t *testing.T) {
	t.Parallel()
	d, other := withT(t, harness.Config{}, "a.db", "b.db")
	holder := holdLock(t, d, "a.db")
	c := d.Dial()
	var bodies []string
	for n := range 10 {
		bodies = append(bodies, harness.With(harness.Batch("a.db", insertT(1, n)), "id", fmt.Sprint("a", n)),
			harness.With(harness.Batch("b.db", insertT(1, n)), "id", fmt.Sprint("b", n)))
	}
	if err := c.Send(bodies...); err != nil {
		t.Fatal(err)
	}
	harness.Await(t, "the batches of b.db are executed", func() bool { return other.Database("b.db").Batches == 11 })
	holder.Exec(`ROLLBACK`)
	for n := range 10 {
		for _, db := range []string{"a", "b"} {
			if reply := c.Reply(); reply.Err() != nil || string(reply.ID) != fmt.Sprintf(`"%s%d"`, db, n) {
				t.Errorf("got %s %v, want %s%d", reply.ID, reply.Err(), db, n)
			}
		}
	}
}

package crowd

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
)

// The crowd of TestCrowd.
const (
	crowdConns = 1000 / slow
	crowdDBs   = 200 / slow
	hotDBs     = 16
	coldRounds = 8 // batches of each client of a database that is not hot
)

// ask sends a row and enters the reply, which must be a success. It may be
// called from any goroutine.
func (l *ledger) ask(c *harness.Conn, r row) bool {
	floor := l.floor()
	reply, err := c.Try(l.batch(r))
	if err == nil {
		err = reply.Err()
	}
	if err != nil {
		tally.Violation(l.t, tally.Other, "%s: %v was not answered well: %v", l.db, r, err)
		return false
	}
	l.reply(r, floor, reply)
	return true
}

// A thousand connections write to two hundred databases, sixteen of which are
// written to all the time by many at once: every reply is right, the revs of
// each database have no gap and no repeat, every row is in its file once, and
// the daemon's memory is what the documents say.
func TestCrowd(t *testing.T) {
	needFiles(t, crowdConns+4*crowdDBs+100)
	d := harness.Start(t, harness.Config{})
	ledgers := newLedgers(t, d.Dial(), crowdDBs)
	hot, cold := ledgers[:hotDBs], ledgers[hotDBs:]
	conns := make([]*harness.Conn, crowdConns)
	for i := range conns {
		conns[i] = d.Dial()
	}
	// A third of the clients visit the cold databases, one after the other.
	visitors := len(conns) / 3
	var visiting, writing sync.WaitGroup
	var over atomic.Bool
	for i, c := range conns[:visitors] {
		visiting.Go(func() {
			for n, ok := 0, true; n < coldRounds && ok; n++ {
				ok = cold[(i+n*visitors)%len(cold)].ask(c, row{i, n})
			}
		})
	}
	for i, c := range conns[visitors:] {
		writing.Go(func() {
			for n, ok := 0, true; ok && (n < coldRounds || !over.Load()); n++ {
				ok = hot[i%len(hot)].ask(c, row{visitors + i, n})
			}
		})
	}
	visiting.Wait()
	over.Store(true)
	writing.Wait()
	if n := d.Dial().Status().Workers; n != crowdDBs {
		t.Errorf("%d databases are served, want %d", n, crowdDBs)
	}
	checkMemory(t, d, len(conns), len(ledgers))
	batches := checkFiles(t, d.Dir, ledgers)
	t.Logf("%d connections, %d databases, %d batches", len(conns), len(ledgers), batches)
	for _, l := range ledgers {
		if len(l.acked) == 0 {
			t.Errorf("nobody wrote to %s", l.db)
		}
	}
}

package hostile

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
)

// polite is a well-behaved client with a database of its own, which writes all
// the time and checks each of its replies.
type polite struct {
	t     *testing.T
	d     *harness.Daemon
	c     *harness.Conn
	wg    sync.WaitGroup
	over  atomic.Bool
	acked atomic.Int64 // batches acknowledged since the first
}

const politeDB = "polite.db"

func newPolite(t *testing.T, d *harness.Daemon) *polite {
	t.Helper()
	p := &polite{t: t, d: d, c: d.Dial()}
	if reply := p.c.OK(harness.Batch(politeDB, `CREATE TABLE t(n INTEGER PRIMARY KEY)`)); *reply.Rev != 1 {
		t.Fatalf("the first batch has rev %d", *reply.Rev)
	}
	return p
}

// start begins to write.
func (p *polite) start() { p.wg.Go(p.run) }

func (p *polite) run() {
	for !p.over.Load() {
		n := p.acked.Load() + 1
		_ = p.c.SetDeadline(time.Now().Add(harness.Patience)) // a connection that is gone fails below
		reply, err := p.c.Try(harness.Batch(politeDB, fmt.Sprintf(`INSERT INTO t VALUES(%d)`, n)))
		if err == nil {
			err = reply.Err()
		}
		if err != nil {
			tally.Violation(p.t, tally.Other, "the polite client's batch %d: %v", n, err)
			return
		}
		if *reply.Rev != n+1 || *reply.RowsAffected != 1 || *reply.LastInsertRowID != n || reply.Replayed {
			tally.Violation(p.t, tally.Other, "the polite client's batch %d was answered with %+v", n, reply)
			return
		}
		p.acked.Add(1)
	}
}

// await waits until so many more batches are acknowledged.
func (p *polite) await(n int64) {
	p.t.Helper()
	from := p.acked.Load()
	harness.Await(p.t, "the polite client is served", func() bool { return p.acked.Load() >= from+n || p.t.Failed() })
}

// stop ends the writing, once.
func (p *polite) stop() {
	p.over.Store(true)
	p.wg.Wait()
}

// check checks that the database holds what was acknowledged and nothing else.
func (p *polite) check() {
	p.t.Helper()
	n := p.acked.Load()
	reader := harness.Open(p.t, p.d.File(politeDB), "ro")
	defer reader.Close()
	got := reader.Text(`SELECT concat_ws(' ', count(*), max(n), (SELECT rev FROM _skylinedb_state)) FROM t`)
	if want := fmt.Sprint(n, n, n+1); got != want {
		tally.Violation(p.t, tally.Lost, "the polite client's database has rows, highest and rev %s, want %s", got, want)
	}
}

package router

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

// through returns a change of a router to so many workers.
func through(workers int) func(*Router) { return func(r *Router) { r.maxWorkers = workers } }

// openFiles returns the databases that have a log, as those that the daemon
// has open and has written to do.
func (s *served) openFiles() (names []string) {
	s.t.Helper()
	logs, err := filepath.Glob(filepath.Join(s.cfg.Root.Dir(), "*-wal"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, log := range logs {
		names = append(names, strings.TrimSuffix(filepath.Base(log), "-wal"))
	}
	return names
}

// At the bound of open databases the one that was used longest ago is closed
// for the next, which is opened after that, and comes back when it is asked.
func TestOldestIdleWorkerMakesRoom(t *testing.T) {
	s := serve(t, through(3))
	c := s.dial()
	for _, db := range []string{"a.db", "b.db", "c.db", "a.db"} {
		c.ok(batch(db, createT))
	}
	for i, step := range []struct{ asked, open string }{
		{"d.db", "[a.db c.db d.db]"},
		{"c.db", "[a.db c.db d.db]"},
		{"b.db", "[b.db c.db d.db]"},
		{"a.db", "[a.db b.db c.db]"},
	} {
		c.ok(batch(step.asked, createT))
		c.ok(batch(step.asked, insertT(1, i)))
		if got := fmt.Sprint(s.openFiles()); got != step.open {
			t.Fatalf("after a request for %s the daemon has %s open, want %s", step.asked, got, step.open)
		}
	}
	if row := c.row("a.db"); row.Rev != 4 || row.Batches != 4 || !row.Worker {
		t.Errorf("Status tells %+v of a database that was closed and opened again, want rev 4 after 4 batches", row)
	}
}

// A database that owes an answer is not closed for another.
func TestWorkerInUseStays(t *testing.T) {
	s := serve(t, through(1))
	c := s.dial()
	c.ok(batch("a.db", createT))
	s.mu.Lock()
	var a *entry
	for _, a = range s.table {
		a.owed.Add(1)
	}
	s.mu.Unlock()
	reply, err := c.try(batch("b.db", createT))
	if err != nil || reply.Code != wire.CodeQueueFull || !strings.Contains(reply.Message, "1 databases") {
		t.Fatalf("got %+v, %v; want QUEUE_FULL", reply, err)
	}
	if _, err := os.Stat(filepath.Join(s.cfg.Root.Dir(), "b.db")); !os.IsNotExist(err) {
		t.Errorf("the refused request left a file: %v", err)
	}
	a.answered()
	c.ok(batch("b.db", createT))
}

// A request, answered or not, that a client leaves behind does not keep the
// database open for ever.
func TestAbandonedRequestsKeepNoWorker(t *testing.T) {
	s := serve(t, through(1))
	for range 20 {
		gone := s.dial()
		gone.ok(batch("a.db", createT))
		for n := range 200 {
			if gone.send(batch("a.db", insertT(1, n))) != nil {
				break
			}
		}
		gone.Close()
		c := s.dial()
		await(t, "room", func() bool {
			reply, err := c.try(batch("b.db", createT))
			if err != nil {
				t.Fatal(err)
			}
			return reply.Err() == nil
		})
		await(t, "room", func() bool {
			reply, err := c.try(batch("a.db", createT))
			if err != nil {
				t.Fatal(err)
			}
			return reply.Err() == nil
		})
	}
}

// hopper writes to databases at random, one batch after the other, and
// remembers the revs.
type hopper struct {
	*peer
	id   int
	rand *rand.Rand
	revs map[string][]int64
}

// write sends the n-th batch until it is taken: a database may have to wait
// for one that is in use.
func (h *hopper) write(n, dbs int) error {
	db := fmt.Sprintf("%d.db", h.rand.IntN(dbs))
	for {
		reply, err := h.try(batch(db, insertT(h.id, n)))
		if err != nil {
			return err
		}
		if reply.Code == wire.CodeQueueFull {
			continue
		}
		if err := reply.Err(); err != nil {
			return err
		}
		h.revs[db] = append(h.revs[db], *reply.Rev)
		return nil
	}
}

// Many databases that are in use in turn are all served through few workers:
// nothing is lost, done twice or done out of order, and no more databases are
// open than may be.
func TestManyDatabasesThroughFewWorkers(t *testing.T) {
	const workers, dbs, clients, batches = 3, 12, 6, 25
	s := serve(t, through(workers))
	c := s.dial()
	for i := range dbs {
		c.ok(batch(fmt.Sprintf("%d.db", i), createT))
	}
	var wg sync.WaitGroup
	hoppers := make([]*hopper, clients)
	errs := make([]error, clients)
	for i := range hoppers {
		h := &hopper{s.dial(), i, rand.New(rand.NewPCG(1, uint64(i))), map[string][]int64{}}
		hoppers[i] = h
		wg.Go(func() {
			for n := 0; n < batches && errs[i] == nil; n++ {
				errs[i] = h.write(n, dbs)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if open := s.openFiles(); len(open) > workers {
		t.Errorf("%v are open, more than %d", open, workers)
	}
	for i := range dbs {
		wantRevs(t, c, fmt.Sprintf("%d.db", i), hoppers)
	}
}

// wantRevs checks that the revs of a database, of which the first is that of
// its table, have no gap and no repeat, and grow for each client.
func wantRevs(t *testing.T, c *peer, db string, hoppers []*hopper) {
	t.Helper()
	seen := map[int64]bool{}
	for _, h := range hoppers {
		last := int64(1)
		for _, rev := range h.revs[db] {
			if rev <= last || seen[rev] {
				t.Errorf("%s: client %d was given rev %d after %d; given before: %v", db, h.id, rev, last, seen[rev])
			}
			last, seen[rev] = rev, true
		}
	}
	count := int64(len(seen))
	reply := c.ok(batch(db, fmt.Sprintf(`UPDATE t SET n = n WHERE (SELECT count(*) FROM (SELECT DISTINCT client, n FROM t)) = %d`, count)))
	if *reply.Rev != count+2 || *reply.RowsAffected != count {
		t.Errorf("%s: %d batches were acknowledged; the next one has rev %d and finds as many different rows in %d rows", db, count, *reply.Rev, *reply.RowsAffected)
	}
}

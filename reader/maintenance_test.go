package reader

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// events is a daemon that tells what the test says.
type events struct{ told chan Event }

func newEvents() *events { return &events{make(chan Event)} }

// tell tells a change and returns when the Reader has heard all before it.
func (e *events) tell(change string) {
	e.told <- Event{change}
	e.told <- Event{}
}

func (e *events) follow(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			select {
			case event := <-e.told:
				if !yield(event, nil) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

func (r *Reader) count() (idle, busy int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.idle), len(r.busy)
}

// When the file goes into maintenance the idle connections are closed and a
// read that runs is ended; new ones wait until it is open again, or as long as
// their context lasts. With events and without.
func TestMaintenance(t *testing.T) {
	for _, state := range []dbfile.State{dbfile.Preparing, dbfile.Closed} {
		for _, told := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/told=%v", state, told), func(t *testing.T) {
				e, o := newEvents(), Options{}
				if told {
					o.Events = e.follow
				}
				d, r := usual(t, o)
				_, err := read(bg(t), r, `SELECT 1`)
				check(t, err, 0, 0)
				ended := make(chan error)
				begun := make(chan struct{})
				go func() {
					ended <- r.Read(bg(t), func(c *Conn) error {
						close(begun)
						_, err := all(bg(t), c, endless)
						return err
					})
				}()
				<-begun
				_, err = read(bg(t), r, `SELECT 1`)
				check(t, err, 0, 0)
				d.mark(state)
				if told {
					e.tell(string(state))
				}
				harness.Await(t, "the idle connection is closed", func() bool { idle, _ := r.count(); return idle == 0 })
				wantCode(t, <-ended, wire.CodeDatabaseClosed)
				harness.Await(t, "nobody reads", func() bool { _, busy := r.count(); return busy == 0 })

				ctx, cancel := context.WithTimeout(bg(t), 10*time.Millisecond)
				defer cancel()
				_, err = read(ctx, r, `SELECT 1`)
				want := map[dbfile.State]wire.Code{dbfile.Preparing: wire.CodeDatabasePreparing, dbfile.Closed: wire.CodeDatabaseClosed}[state]
				if wantCode(t, err, want); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v does not tell why the waiting ended", err)
				}
				waiting := make(chan error)
				go func() {
					_, err := read(bg(t), r, `SELECT 1`)
					waiting <- err
				}()
				harness.Await(t, "a read waits", func() bool { return len(r.slots) == 1 })
				d.mark(dbfile.Open)
				if told {
					e.tell(wire.ChangeReopened)
				}
				check(t, <-waiting, 0, 0)
			})
		}
	}
}

// A read that ends by itself in time is not disturbed, and its connection is
// closed then.
func TestGrace(t *testing.T) {
	e := newEvents()
	d, r := usual(t, Options{Events: e.follow})
	r.grace = patience
	err := r.Read(bg(t), func(c *Conn) error {
		d.mark(dbfile.Preparing)
		e.tell(wire.ChangePreparing)
		got, err := all(bg(t), c, `SELECT n FROM t`)
		check(t, err, got, one(int64(1)))
		return nil
	})
	check(t, err, 0, 0)
	idle, busy := r.count()
	check(t, nil, idle+busy, 0)
}

// A stream of events that ends is asked for again.
func TestEventsEnd(t *testing.T) {
	var asked sync.WaitGroup
	asked.Add(2)
	n := 0
	_, r := usual(t, Options{Events: func(context.Context) iter.Seq2[Event, error] {
		return func(yield func(Event, error) bool) {
			if n++; n <= 2 {
				asked.Done()
			}
			yield(Event{}, errors.New("no daemon"))
		}
	}})
	asked.Wait()
	got, err := read(bg(t), r, `SELECT 1`)
	check(t, err, got, one(int64(1)))
}

// A read always sees the file that is at the path, and never the ghost of the
// one before, with no daemon to tell.
func TestReplaced(t *testing.T) {
	d, r := usual(t, Options{})
	dir := filepath.Dir(d.path)
	for i := 2; i < 10; i++ {
		next := create(t, filepath.Join(dir, "next.db"))
		next.exec(`INSERT INTO t VALUES(%d); UPDATE _skylinedb_state SET epoch = 'e%d'; PRAGMA wal_checkpoint(TRUNCATE)`, i, i)
		next.close()
		old, err := r.Begin(bg(t))
		check(t, err, 0, 0)
		defer old.End()
		d.close()
		replace(t, next.path, d.path)
		got, err := all(bg(t), old, `SELECT n FROM t`)
		check(t, err, got, one(int64(i-1))) // it began before
		old.End()
		got, err = read(bg(t), r, `SELECT n FROM t`)
		check(t, err, got, one(int64(i)))
		d.reopen()
	}
}

// replace puts a file in the place of a database that nobody writes, as after
// CloseDatabase.
func replace(t testing.TB, from, to string) {
	t.Helper()
	for _, suffix := range []string{"-wal", "-shm"} {
		ostest.Remove(t, to+suffix)
	}
	ostest.Replace(t, from, to)
}

// Many readers of a file that is replaced again and again: each sees a whole
// file, and none an older one than it saw before.
func TestReplacedUnderLoad(t *testing.T) {
	d, r := usual(t, Options{MaxConns: 4})
	d.exec(`DELETE FROM t; INSERT INTO t VALUES(0), (0), (0); PRAGMA wal_checkpoint(TRUNCATE)`)
	d.close()
	ctx, cancel := context.WithCancel(bg(t))
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			var last int64
			for ctx.Err() == nil {
				got, err := read(ctx, r, `SELECT min(n), max(n), count(*) FROM t`)
				if ctx.Err() != nil {
					return
				}
				if err != nil || got[0][0] != got[0][1] || got[0][2] != int64(3) || got[0][0].(int64) < last {
					t.Errorf("after %d: %v, %v", last, got, err)
					return
				}
				last = got[0][0].(int64)
			}
		})
	}
	for i := range 50 {
		next := create(t, filepath.Join(filepath.Dir(d.path), "next.db"))
		next.exec(`INSERT INTO t VALUES(%d), (%d), (%d); PRAGMA wal_checkpoint(TRUNCATE)`, i+1, i+1, i+1)
		next.close()
		replace(t, next.path, d.path)
	}
	cancel()
	readers.Wait()
}

// A rev is waited for until it is there, another epoch is told, and so is the
// end of the context.
func TestWaitRev(t *testing.T) {
	for _, told := range []bool{true, false} {
		e, o := newEvents(), Options{}
		if told {
			o.Events = e.follow
		}
		d, r := usual(t, o)
		check(t, r.WaitRev(bg(t), 2, "e1"), 0, 0)
		wantCode(t, r.WaitRev(bg(t), 2, "e2"), wire.CodeRevMismatch)
		ctx, cancel := context.WithTimeout(bg(t), 10*time.Millisecond)
		defer cancel()
		if err := r.WaitRev(ctx, 3, "e1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the context", err)
		}
		done := make(chan error)
		go func() { done <- r.WaitRev(bg(t), 4, "e1") }()
		for i := range 2 {
			d.write(i)
			if told {
				e.tell("")
			}
		}
		check(t, <-done, 0, 0)
	}
	path := filepath.Join(t.TempDir(), "plain.db")
	create(t, path).exec(`DROP TABLE _skylinedb_state`)
	wantCode(t, open(t, path, Options{}).WaitRev(bg(t), 1, "e1"), wire.CodeRevMismatch)
}

// A rollback journal that is gone in a moment is waited for, as SQLite takes
// one that is just removed for that of a crash.
func TestJournalPasses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	d := create(t, path)
	d.exec(`PRAGMA journal_mode=DELETE`)
	d.close()
	r := open(t, path, Options{})
	writeFile(t, path+"-journal", "a journal with a first byte that is not 0")
	done := make(chan error)
	go func() {
		_, err := read(bg(t), r, `SELECT 1`)
		done <- err
	}()
	harness.Await(t, "the read has met the journal", func() bool { return len(r.slots) == 1 })
	check(t, os.Remove(path+"-journal"), 0, 0)
	check(t, <-done, 0, 0)
}

package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/wire"
)

// Every call gets from the reply what its type has.
func TestCalls(t *testing.T) {
	_, d, c := store(t)
	ctx := bg(t)
	pong, err := c.Ping(ctx)
	check(t, err, pong.Version, fakedaemon.Version)
	res, err := c.Exec(ctx, "a.db", SQL("INSERT INTO t VALUES (?)", 1), SQL("INSERT INTO t VALUES (2)"))
	check(t, err, res, Result{Rev: 1, RowsAffected: 2, LastInsertRowID: 2})
	db, err := c.PingDB(ctx, "a.db")
	check(t, err, db, Database{Path: filepath.Join(pong.Dir, "a.db"), State: "open", Rev: 1, Epoch: "e1"})
	already, err := c.PrepareForMaintenance(ctx, "a.db")
	check(t, err, already, false)
	closed, err := c.CloseDatabase(ctx, "a.db", true)
	check(t, err, closed, Closed{})
	_, err = c.Exec(ctx, "a.db", SQL("INSERT INTO t VALUES (3)"))
	wantCode(t, err, wire.CodeDatabaseClosed)
	reopened, err := c.ReopenDatabase(ctx, "a.db")
	check(t, err, reopened, Reopened{Rev: 1, Epoch: "e1"})
	status, err := c.Status(ctx)
	check(t, err, len(status.Databases), 1)
	check(t, c.Shutdown(ctx), d.Requests()[4].RequireExclusive, true)
}

// Requests travel as they were given.
func TestBatchRequest(t *testing.T) {
	_, d, c := store(t)
	rev := int64(0)
	_, err := c.ExecBatch(bg(t), Batch{
		Stmts: []Stmt{{SQL: "a", Args: []any{int64(1) << 60}}, {SQL: "b", Named: map[string]any{":x": []byte("y")}}},
		Tx:    wire.TxNone, RequestID: "mine", Forget: []string{"older"}, ExpectRev: &rev, Sync: wire.SyncFull, Timeout: 1500e6,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := d.Requests()[0]
	want := wire.Request{
		Type: wire.TypeExecBatch, DB: wire.DefaultDB, HasDB: true, Tx: wire.TxNone, RequestID: "mine",
		Forget: []string{"older"}, ExpectRev: &rev, Sync: wire.SyncFull, Timeout: 1500e6,
	}
	stmts := got.Stmts
	got.ID, got.Stmts = nil, nil
	if diff := cmp.Diff(want, *got, cmp.AllowUnexported(wire.Params{})); diff != "" {
		t.Error(diff)
	}
	var values []string
	for _, st := range stmts {
		for name, v := range st.Params.All() {
			values = append(values, st.SQL+name+"="+string(wire.AppendValue(nil, v)))
		}
	}
	if want := []string{`a={"$int":"1152921504606846976"}`, `b:x={"$blob":"eQ=="}`}; !slices.Equal(values, want) {
		t.Errorf("got %q, want %q", values, want)
	}
}

// A statement that cannot be sent is refused before anything is.
func TestBatchRefused(t *testing.T) {
	c := open(t, fakedaemon.Socket(t)) // where nobody listens
	_, err := c.ExecBatch(bg(t), Batch{Stmts: []Stmt{{SQL: "a", Args: []any{1}, Named: map[string]any{"x": 1}}}})
	wantCode(t, err, wire.CodeInvalidRequest)
	_, err = c.Exec(bg(t), "", SQL("a", "\xff"))
	wantCode(t, err, wire.CodeInvalidRequest)
	c.set.maxFrame = 1024
	_, err = c.Exec(bg(t), "", SQL(string(make([]byte, 1025))))
	wantCode(t, err, wire.CodeFrameTooLarge)
}

// Fifty goroutines share a client: every batch is executed once, on one
// connection.
func TestConcurrentUse(t *testing.T) {
	const goroutines, each = 50, 20
	s, _, c := store(t)
	ctx := bg(t)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				if _, err := c.Exec(ctx, "", SQL(fmt.Sprintf("%d/%d", g, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got := s.Executed(wire.DefaultDB)
	slices.Sort(got)
	if len(got) != goroutines*each || len(slices.Compact(got)) != goroutines*each {
		t.Errorf("%d statements were executed, want each of %d once", len(got), goroutines*each)
	}
}

// Calls of a closed client fail, in flight and after.
func TestClose(t *testing.T) {
	held := make(chan struct{})
	d := fakedaemon.Start(t, func(*wire.Request) *wire.Reply { <-held; return wire.OK() })
	defer close(held)
	c := open(t, d.Socket)
	failed := make(chan error)
	go func() {
		_, err := c.Status(t.Context())
		failed <- err
	}()
	d.Await(1)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	_, after := c.Status(t.Context())
	for _, err := range []error{<-failed, after, c.Shutdown(t.Context())} {
		if wantCode(t, err, wire.CodeUnavailable); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want the cause ErrClosed", err)
		}
	}
}

// A client that was given no directory keeps to the first daemon's.
func TestDirMismatch(t *testing.T) {
	socket, here, there := fakedaemon.Socket(t), t.TempDir(), t.TempDir()
	d := fakedaemon.StartAt(t, socket, here, fakedaemon.NewStore(here).Handle)
	link := filepath.Join(t.TempDir(), "link")
	ostest.Symlink(t, here, link)
	right := openWith(t, Options{Socket: socket, Dir: link, NoAutostart: true})
	wrong := openWith(t, Options{Socket: socket, Dir: there, NoAutostart: true})
	open := open(t, socket)
	_, err := right.Ping(bg(t))
	wantCode(t, err, "")
	_, err = wrong.Ping(bg(t))
	wantCode(t, err, wire.CodeDirMismatch)
	wantCode(t, wrong.Shutdown(bg(t)), wire.CodeDirMismatch)
	_, err = open.Ping(bg(t))
	wantCode(t, err, "")

	d.Stop()
	fakedaemon.StartAt(t, socket, there, fakedaemon.NewStore(there).Handle)
	_, err = open.Ping(bg(t))
	wantCode(t, err, wire.CodeDirMismatch)
	_, err = wrong.Ping(bg(t))
	wantCode(t, err, "")
}

// Shutdown returns when the daemon has hung up, not before.
func TestShutdownWaits(t *testing.T) {
	var finished atomic.Bool
	socket := raw(t, func(nc net.Conn) {
		for _, reply := range []string{`{"status":"ok","protocol":1}`, `{"status":"error","code":"SHUTTING_DOWN"}`} {
			if _, err := wire.ReadFrame(nc, wire.DefaultMaxFrame); err != nil {
				t.Error(err)
			}
			if _, err := nc.Write(framed(t, reply)); err != nil {
				t.Error(err)
			}
		}
		finished.Store(true)
	})
	if err := open(t, socket).Shutdown(bg(t)); err != nil || !finished.Load() {
		t.Fatalf("got %v before the daemon had finished", err)
	}
}

// The end of the context ends the wait for a daemon that does not finish.
func TestShutdownGivenUp(t *testing.T) {
	d := fakedaemon.Start(t, func(r *wire.Request) *wire.Reply {
		return wire.Failure(wire.Errorf(wire.CodeShuttingDown, "The daemon is ending."))
	})
	c := open(t, d.Socket)
	ctx, cancel := context.WithCancel(bg(t))
	go func() { d.Await(1); cancel() }()
	err := c.Shutdown(ctx)
	if wantCode(t, err, wire.CodeUnavailable); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cause context.Canceled", err)
	}
}

// Where no daemon runs, Shutdown and a client that does not wait say so.
func TestNotRunning(t *testing.T) {
	socket := fakedaemon.Socket(t)
	_, err := openWith(t, Options{Socket: socket, NoWait: true}).Ping(bg(t))
	for _, err := range []error{err, openWith(t, Options{Socket: socket}).Shutdown(bg(t))} {
		if wantCode(t, err, wire.CodeUnavailable); !errors.Is(err, ErrNotRunning) {
			t.Errorf("got %v, want the cause ErrNotRunning", err)
		}
	}
}

package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/wire"
)

// texts reads the rows of a fake store to the end.
func texts(t *testing.T, rows *Rows, err error) (all []string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		var id int
		var sql string
		if err := row.Scan(&id, &sql); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%d %s", id, sql))
	}
	return all
}

// A result of several frames is read as one, on a lane that is used again.
func TestQuery(t *testing.T) {
	_, d, c := store(t)
	write(t, c, "a.db", "a", "b", "c", "d", "e")
	rows, err := c.Select(bg(t), "a.db", "SELECT ?", 7)
	check(t, err, rows.Rev(), 0)
	check(t, nil, rows.Columns(), []string{"id", "sql"})
	check(t, nil, rows.Types(), []string{"INTEGER", "TEXT"})
	check(t, nil, texts(t, rows, nil), []string{"1 a", "2 b", "3 c", "4 d", "5 e"})
	check(t, nil, []any{rows.Rev(), rows.Epoch(), rows.Truncated()}, []any{int64(1), "e1", false})
	check(t, nil, texts(t, rows, nil), nil) // read once

	rows, err = c.Query(bg(t), Query{DB: "a.db", Stmt: Stmt{SQL: "SELECT :x", Named: map[string]any{"x": 1}}, Limit: 3, MinRev: 1, Timeout: 2e9})
	check(t, nil, texts(t, rows, err), []string{"1 a", "2 b", "3 c"})
	check(t, rows.Close(), rows.Truncated(), true)
	check(t, nil, c.lanesNow(), [2]int{1, 1})
	r := d.Requests()[2]
	check(t, nil, []any{r.Type, r.DB, *r.Limit, *r.MinRev, r.Timeout.Milliseconds(), r.Params.Named()},
		[]any{wire.TypeQuery, "a.db", int64(3), int64(1), int64(2000), true})
	rows, err = c.Select(bg(t), "empty.db", "SELECT 1")
	check(t, nil, texts(t, rows, err), nil)
}

// What cannot be a query is refused before it is sent, and the daemon's errors
// reach the caller, after whatever came before.
func TestQueryErrors(t *testing.T) {
	_, d, c := store(t)
	many, err := Many("a", func(yield func([]any) bool) { yield([]any{1}) })
	check(t, err, many.Rows.Len(), 1)
	for _, st := range []Stmt{SQL("a", "\xff"), many} {
		_, err := c.Query(bg(t), Query{Stmt: st})
		wantCode(t, err, wire.CodeInvalidRequest)
	}
	_, err = c.DoQuery(bg(t), &wire.Request{Type: wire.TypePing})
	wantCode(t, err, wire.CodeInvalidRequest)
	for _, typ := range []wire.Type{wire.TypeQuery, wire.TypeSubscribe, wire.TypeBegin, wire.TypeCancel} {
		_, err = c.Do(bg(t), &wire.Request{Type: typ})
		wantCode(t, err, wire.CodeInvalidRequest)
	}
	check(t, nil, len(d.Requests()), 0)
	_, err = c.Select(bg(t), "", "fail")
	wantCode(t, err, wire.CodeSQLError)
	check(t, nil, c.lanesNow(), [2]int{1, 1})

	first := wire.OK()
	first.More, first.Rows = true, wire.RowsOf([]byte(`[[1]]`))
	_, c = served(t, frames(first, wire.Failure(wire.Errorf(wire.CodeSnapshotTooLong, "Too long."))))
	rows, err := c.Select(bg(t), "", "x")
	n, failure := count(rows)
	check(t, err, n, 1)
	wantCode(t, failure, wire.CodeSnapshotTooLong)
	_, failure = count(rows)
	wantCode(t, failure, wire.CodeSnapshotTooLong)
	check(t, nil, c.lanesNow(), [2]int{1, 1})

	first.Rows = wire.RowsOf([]byte(`[[1],7]`))
	_, c = served(t, frames(first))
	rows, err = c.Select(bg(t), "", "x")
	n, failure = count(rows)
	check(t, err, n, 1)
	wantCode(t, failure, wire.CodeUnavailable)
	check(t, nil, c.lanesNow(), [2]int{0, 0})
}

// count reads rows until they end.
func count(rows *Rows) (n int, err error) {
	for _, e := range rows.All() {
		if err = e; err == nil {
			n++
		}
	}
	return n, err
}

// Trouble before the first frame is a pause, also on a lane that the daemon has
// left; after it, it is the caller's.
func TestQueryLoss(t *testing.T) {
	s := fakedaemon.NewStore(t.TempDir())
	var mu sync.Mutex
	queries := 0
	d, c := served(t, func(call *fakedaemon.Call) bool {
		if call.Type != wire.TypeQuery {
			return s.Serve(call)
		}
		mu.Lock()
		defer mu.Unlock()
		queries++
		switch queries {
		case 1:
			return false
		case 2:
			return call.Send(wire.Failure(wire.Errorf(wire.CodeShuttingDown, "Not now.")))
		case 5:
			r := wire.OK()
			r.More = true
			call.Send(r)
			return false
		}
		return s.Serve(call)
	})
	write(t, c, "", "a")
	rows, err := c.Select(bg(t), "", "x")
	check(t, nil, texts(t, rows, err), []string{"1 a"})
	d.HangUp()
	rows, err = c.Select(bg(t), "", "x")
	check(t, nil, texts(t, rows, err), []string{"1 a"})
	rows, err = c.Select(bg(t), "", "x")
	_, failure := count(rows)
	check(t, err, len(d.Requests()), 6)
	wantCode(t, failure, wire.CodeUnavailable)
}

// endless serves a query that sends rows until it is ended, and tells.
func endless(ended chan<- struct{}) fakedaemon.Server {
	return func(c *fakedaemon.Call) bool {
		r := wire.OK()
		r.More, r.Rows = true, wire.RowsOf([]byte(`[[1],[2]]`))
		for c.Send(r) {
			select {
			case <-c.Ended:
				ended <- struct{}{}
				return c.Send(wire.Failure(wire.Errorf(wire.CodeCancelled, "It was cancelled.")))
			default:
			}
		}
		ended <- struct{}{}
		return false
	}
}

// A query ends with its loop, with Close, with its context and with the client.
func TestQueryEnds(t *testing.T) {
	ended := make(chan struct{}, 1)
	_, c := served(t, endless(ended))
	ctx, cancel := context.WithCancel(bg(t))
	defer cancel()
	query := func() *Rows {
		rows, err := c.Select(ctx, "", "x")
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	rows := query()
	for range rows.All() {
		break
	}
	<-ended
	_, err := count(rows)
	wantCode(t, err, wire.CodeInvalidRequest)
	rows = query()
	check(t, rows.Close(), rows.Close(), nil)
	<-ended
	rows = query()
	for _, err = range rows.All() {
		cancel()
	}
	if wantCode(t, err, wire.CodeUnavailable); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cause context.Canceled", err)
	}
	<-ended
	check(t, nil, c.lanesNow(), [2]int{0, 0})
	_, err = c.Select(ctx, "", "x")
	wantCode(t, err, wire.CodeUnavailable)
	ctx = bg(t)
	rows = query()
	for _, err = range rows.All() {
		check(t, c.Close(), c.lanesNow(), [2]int{0, 0})
	}
	if wantCode(t, err, wire.CodeUnavailable); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want the cause ErrClosed", err)
	}
	_, err = c.Select(ctx, "", "x")
	if wantCode(t, err, wire.CodeUnavailable); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want the cause ErrClosed", err)
	}
}

// The context ends a query whose first frame does not come.
func TestQueryGivenUp(t *testing.T) {
	gone := make(chan struct{})
	d, c := served(t, func(call *fakedaemon.Call) bool { <-call.Ended; close(gone); return false })
	ctx, cancel := context.WithCancel(bg(t))
	go func() { d.Await(1); cancel() }()
	_, err := c.Select(ctx, "", "x")
	if wantCode(t, err, wire.CodeUnavailable); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cause context.Canceled", err)
	}
	<-gone
}

// Of many queries at a time each has its lane, and few lanes are kept.
func TestQueriesAtOnce(t *testing.T) {
	_, _, c := store(t)
	write(t, c, "", "a", "b", "c")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			rows, err := c.Select(bg(t), "", "x")
			check(t, nil, texts(t, rows, err), []string{"1 a", "2 b", "3 c"})
		})
	}
	wg.Wait()
	if n := c.lanesNow(); n[0] != n[1] || n[0] > maxIdleLanes {
		t.Errorf("%d lanes are open and %d idle", n[0], n[1])
	}
}

// A query starts a daemon where none runs.
func TestQueryStartsDaemon(t *testing.T) {
	c := openWith(t, starting(t))
	rows, err := c.Select(bg(t), "", "x")
	check(t, nil, texts(t, rows, err), nil)
	check(t, c.Shutdown(bg(t)), c.lanesNow()[0], 1)
}

// Where no daemon runs and none may be started, a query says so.
func TestQueryNotRunning(t *testing.T) {
	c := openWith(t, Options{Socket: fakedaemon.Socket(t), NoWait: true})
	_, err := c.Select(bg(t), "", "x")
	if wantCode(t, err, wire.CodeUnavailable); !errors.Is(err, ErrNotRunning) {
		t.Errorf("got %v, want the cause ErrNotRunning", err)
	}
}

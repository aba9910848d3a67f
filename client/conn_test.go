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

// held is a store that answers nothing before release is closed.
func held(t *testing.T) (s *fakedaemon.Store, d *fakedaemon.Daemon, c *Client, release func()) {
	t.Helper()
	gate := make(chan struct{})
	s = fakedaemon.NewStore(t.TempDir())
	d = fakedaemon.Start(t, func(r *wire.Request) *wire.Reply { <-gate; return s.Handle(r) })
	release = sync.OnceFunc(func() { close(gate) })
	t.Cleanup(release)
	return s, d, open(t, d.Socket), release
}

// Requests leave before earlier replies have come, and each call gets its own
// reply.
func TestPipelining(t *testing.T) {
	const calls = 30
	s, d, c, release := held(t)
	ctx := bg(t)
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			res, err := c.Exec(ctx, fmt.Sprintf("%d.db", i), make([]Stmt, i+1)...)
			check(t, err, res.RowsAffected, int64(i+1))
		})
	}
	d.Await(calls)
	release()
	wg.Wait()
	check(t, nil, len(s.Executed("3.db")), 4)
}

// A call whose context ends returns, and the connection stays in step: later
// replies reach the right calls.
func TestCancelKeepsStep(t *testing.T) {
	s, d, c, release := held(t)
	ctx, cancel := context.WithCancel(bg(t))
	failed, done := make(chan error), make(chan error)
	go func() {
		_, err := c.Exec(ctx, "", SQL("abandoned"))
		failed <- err
	}()
	d.Await(1)
	go func() {
		res, err := c.Exec(bg(t), "", SQL("a"), SQL("b"))
		if err == nil && res.RowsAffected != 2 {
			err = fmt.Errorf("got another call's reply: %+v", res)
		}
		done <- err
	}()
	d.Await(2)
	cancel()
	err := <-failed
	if wantCode(t, err, wire.CodeUnavailable); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cause context.Canceled", err)
	}
	release()
	if err := <-done; err != nil {
		t.Error(err)
	}
	check(t, nil, s.Executed(wire.DefaultDB), []string{"abandoned", "a", "b"})
	// The abandoned batch was answered too, so both are forgotten.
	_, err = c.Exec(bg(t), "", SQL("c"))
	check(t, err, s.Records(wire.DefaultDB), 1)
	requests := d.Requests()
	check(t, nil, len(requests), 4)
	if cancel := requests[2]; cancel.Type != wire.TypeCancel || string(cancel.Target) != string(requests[0].ID) {
		t.Errorf("the abandoned batch is followed by a %s of %s", cancel.Type, cancel.Target)
	}
}

// A call that was never sent sends nothing after its context has ended.
func TestCancelledBefore(t *testing.T) {
	_, d, c := store(t)
	ctx, cancel := context.WithCancel(bg(t))
	cancel()
	_, err := c.Exec(ctx, "", SQL("a"))
	wantCode(t, err, wire.CodeUnavailable)
	_, err = c.Exec(bg(t), "", SQL("b"))
	check(t, err, len(d.Requests()), 1)
}

// withdraw takes a call out of the queue whose frame the writer has not begun.
func TestWithdraw(t *testing.T) {
	c := newConn(nil, nil, 0) // does not run: nothing leaves the queue
	first, second := &call{done: make(chan outcome, 1)}, &call{done: make(chan outcome, 1)}
	c.send(first)
	c.send(second)
	var got outcome
	c.abandon(first, func(o outcome) { got = o })
	if !errors.Is(got.err, errWithdrawn) || got.sent || len(c.queue) != 1 || c.queue[0] != second {
		t.Errorf("got %+v and a queue of %d", got, len(c.queue))
	}
}

// A reply that nobody asked for, or that is another's, ends the connection:
// the calls are sent again on the next one.
func TestOutOfStep(t *testing.T) {
	c := newConn(nil, nil, 0)
	if err := c.deliver([]byte(`{"status":"ok"}`)); err == nil {
		t.Error("a reply without a request was taken")
	}
	cl := &call{id: []byte("7"), done: make(chan outcome, 1)}
	c.waiting = []*call{cl}
	if err := c.deliver([]byte(`{"id":8,"status":"ok"}`)); err == nil || cl.settled {
		t.Error("another request's reply was taken")
	}
	if err := c.deliver([]byte(`{"id":7,"status":"ok"}`)); err != nil || !cl.settled {
		t.Error("the right reply was not taken")
	}
}

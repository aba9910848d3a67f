package router

import (
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skylinedb/skylinedb/internal/worker"
	"github.com/skylinedb/skylinedb/wire"
)

// What a client that hangs up leaves in a worker's queue goes on taking room
// in the budget until the worker is done with it. Otherwise a client could
// fill the memory by hanging up and coming back.
func TestBudgetIsHeldUntilAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Config{MaxFrame: 1 << 20, Log: slog.New(slog.DiscardHandler)})
		defer r.cancel()
		free := r.budget.free
		client, server := net.Pipe()
		c := newConn(r, server)
		held, err := c.account.reserve(t.Context(), c.r.budget, 2*allowance)
		if err != nil {
			t.Fatal(err)
		}
		call := worker.NewCall(&wire.Request{Type: wire.TypeExecBatch}, 0, time.Now())
		e := &entry{}
		e.owed.Add(1)
		call.Answered = c.answered
		client.Close()
		c.owe(&pending{reply: wire.OK()})
		c.owe(&pending{call: call, entry: e, held: held})
		c.deliver()
		r.conns.Go(c.read)
		synctest.Wait()
		if owed := e.owed.Load(); r.budget.free != free-2*allowance || owed != 1 {
			t.Errorf("the client is gone: %d bytes of %d are free and %d replies owed, while the worker has the request", r.budget.free, free, owed)
		}
		call.Expire() // an answer
		synctest.Wait()
		if owed := e.owed.Load(); r.budget.free != free || owed != 0 {
			t.Errorf("the worker has answered: %d bytes of %d are free, %d replies owed", r.budget.free, free, owed)
		}
		r.conns.Wait()
	})
}

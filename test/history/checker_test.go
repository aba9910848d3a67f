package history

import (
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/skylinedb/skylinedb/test/tally"
	"github.com/skylinedb/skylinedb/wire"
)

var (
	one  = exec("a", stmt{Do: insert, K: 1, V: 10})
	more = exec("b", stmt{Do: add, K: 1, V: 10})
)

// withTable is the beginning of most histories: a table with the row 1, 10.
func withTable(h *hand) {
	h.did(exec("", stmt{Do: create}), done(1, 0, 0))
	h.did(one, done(2, 1, 1))
}

// wrongs are histories that break a promise, each with the name of the one.
var wrongs = []struct {
	name    string
	promise tally.Count
	make    func(h *hand)
}{
	{"an acknowledged insert is gone", tally.Lost, func(h *hand) {
		withTable(h)
		h.dies()
		h.sees(1, nil)
	}},
	{"an insert is there twice", tally.Doubled, func(h *hand) {
		withTable(h)
		h.did(more, done(3, 1, 0))
		h.sees(4, map[int]int{1: 30})
	}},
	{"a repeat is executed", tally.Doubled, func(h *hand) {
		withTable(h)
		h.did(more, done(3, 1, 0))
		h.did(more, done(4, 1, 0))
		h.sees(4, map[int]int{1: 30})
	}},
	{"a request was executed, and its repeat is too", tally.Doubled, func(h *hand) {
		withTable(h)
		h.lost(more)
		h.sees(3, map[int]int{1: 20})
		h.did(more, done(4, 1, 0))
	}},
	{"two batches have the same rev", tally.Other, func(h *hand) {
		withTable(h)
		h.did(exec("", stmt{Do: insert, K: 2, V: 1}), done(2, 1, 2))
		h.sees(2, map[int]int{1: 10, 2: 1})
	}},
	{"a read after the acknowledgement is stale", tally.Other, func(h *hand) {
		withTable(h)
		h.sees(1, nil)
		h.sees(2, map[int]int{1: 10})
	}},
	{"a Ping after the acknowledgement is stale", tally.Other, func(h *hand) {
		withTable(h)
		h.did(op{Kind: ping}, status(1, handEpoch, open))
		h.sees(2, map[int]int{1: 10})
	}},
	{"a closed database takes a write", tally.Other, func(h *hand) {
		withTable(h)
		h.did(op{Kind: closing}, shut())
		h.did(more, done(3, 1, 0))
	}},
	{"a kill opens a closed database", tally.Other, func(h *hand) {
		withTable(h)
		h.did(op{Kind: closing}, shut())
		h.dies()
		h.did(op{Kind: ping}, status(2, handEpoch, open))
	}},
	{"a replay has another rev", tally.Other, func(h *hand) {
		withTable(h)
		h.did(more, done(3, 1, 0))
		h.did(one, replayed(3, 1, 1))
	}},
	{"a replay of what never was", tally.Other, func(h *hand) {
		withTable(h)
		h.did(more, replayed(3, 1, 0))
	}},
	{"half a batch", tally.Other, func(h *hand) {
		withTable(h)
		h.did(exec("", stmt{Do: add, K: 1, V: 1}, stmt{Do: insert, K: 2, V: 1}), done(3, 2, 2))
		h.sees(3, map[int]int{1: 11})
	}},
	{"what timed out is there", tally.Other, func(h *hand) {
		withTable(h)
		o := more
		o.TimeoutMS = 1
		h.did(o, refused(wire.CodeTimeout))
		h.sees(3, map[int]int{1: 20})
	}},
	{"a failure tells of a row that never was", tally.Other, func(h *hand) {
		withTable(h)
		h.did(exec("", stmt{Do: insert, K: 2, V: 1}), unique(0))
		h.sees(2, map[int]int{1: 10})
	}},
	{"a rev that nobody expects", tally.Other, func(h *hand) {
		withTable(h)
		o, rev := more, int64(1)
		e := h.ask(0, o)
		e.In.ExpRev = &rev
		h.answer(e, done(3, 1, 0))
	}},
	{"the epoch of the same file changes", tally.Other, func(h *hand) {
		withTable(h)
		h.did(op{Kind: ping}, status(2, "e2", open))
	}},
	{"an epoch that was told changes without a kill", tally.Other, func(h *hand) {
		h.did(op{Kind: ping}, status(0, "e0", open))
		withTable(h)
	}},
	{"requests of one connection change places", tally.Other, func(h *hand) {
		withTable(h)
		first := h.ask(0, more)
		second := h.ask(0, exec("", stmt{Do: remove, K: 1}))
		h.answer(first, done(4, 1, 1))
		h.answer(second, done(3, 1, 0))
	}},
	{"a dead daemon's request is executed later", tally.Other, func(h *hand) {
		withTable(h)
		h.lost(exec("", stmt{Do: insert, K: 2, V: 1}))
		h.dies()
		h.did(more, done(3, 1, 0))
		h.sees(4, map[int]int{1: 20, 2: 1})
	}},
	{"readers where there are none", tally.Other, func(h *hand) {
		withTable(h)
		out := shut()
		*out.Reply.ReadersRemaining = true
		h.did(op{Kind: closing}, out)
	}},
	{"a failed read", tally.Other, func(h *hand) {
		withTable(h)
		h.did(op{Kind: read}, &output{View: &view{Err: "database is locked"}})
	}},
	{"a code that has no reason", tally.Other, func(h *hand) {
		withTable(h)
		h.did(more, refused(wire.CodeIOError))
	}},
}

func TestWrongHistories(t *testing.T) {
	for _, c := range wrongs {
		t.Run(c.name, func(t *testing.T) {
			h := &hand{}
			c.make(h)
			if got := check(noFault, h.events, judgeTime); got != porcupine.Illegal {
				t.Fatalf("the checker says %s of\n%s", got, table(h.events))
			}
			if got := blame(h.events); got != c.promise {
				t.Errorf("the promise is %q, want %q", got, c.promise)
			}
		})
	}
}

// rights are histories that keep all promises, though they may not look so.
var rights = []struct {
	name string
	make func(h *hand)
}{
	{"one after the other", func(h *hand) {
		withTable(h)
		h.did(one, replayed(2, 1, 1))
		h.did(exec("a", stmt{Do: look}), refused(wire.CodeRequestIDReused))
		h.did(exec("", stmt{Do: add, K: 5, V: 1}, stmt{Do: insert, K: 1, V: 1}), unique(1))
		h.did(op{Kind: closing}, shut())
		h.did(more, refused(wire.CodeDatabaseClosed))
		h.sees(2, map[int]int{1: 10})
		h.did(op{Kind: reopen}, opened(2))
		h.did(op{Kind: batch, ID: "c", Forget: []string{"a"}, Stmts: []stmt{{Do: remove, K: 1}}}, done(3, 1, 0))
		h.did(one, done(4, 1, 1))
	}},
	{"a lost request was executed", func(h *hand) {
		withTable(h)
		h.lost(more)
		h.dies()
		h.sees(3, map[int]int{1: 20})
		h.did(more, replayed(3, 1, 0))
	}},
	{"a lost request was not executed", func(h *hand) {
		withTable(h)
		h.lost(more)
		h.dies()
		h.sees(2, map[int]int{1: 10})
		h.did(more, done(3, 1, 0))
		h.sees(3, map[int]int{1: 20})
	}},
	{"a lost request is found in the log after the kill", func(h *hand) {
		withTable(h)
		h.lost(more)
		h.dies()
		h.sees(2, map[int]int{1: 10})
		h.sees(3, map[int]int{1: 20})
	}},
	{"a lost close", func(h *hand) {
		withTable(h)
		h.lost(op{Kind: closing})
		h.dies()
		h.did(more, refused(wire.CodeDatabaseClosed))
	}},
	{"an epoch that was only told goes with the daemon", func(h *hand) {
		h.did(op{Kind: ping}, status(0, "e0", open))
		h.dies()
		withTable(h)
	}},
	{"a batch with tx none runs out of time", func(h *hand) {
		withTable(h)
		o := exec("c", stmt{Do: insert, K: 2, V: 1}, stmt{Do: insert, K: 3, V: 1}, stmt{Do: insert, K: 4, V: 1})
		o.Each, o.TimeoutMS = true, 1
		out, first := done(3, 1, 0), 1
		out.Reply.Status, out.Reply.Code, out.Reply.Message = "error", wire.CodeTimeout, "No."
		out.Reply.StatementIndex, out.Reply.LastInsertRowID, out.Reply.Retryable = &first, nil, new(bool)
		h.did(o, out)
		h.sees(3, map[int]int{1: 10, 2: 1})
	}},
	{"at the same time", func(h *hand) {
		withTable(h)
		a := h.ask(0, more)
		b := h.ask(2, exec("", stmt{Do: remove, K: 1}))
		h.sees(3, nil)
		h.answer(a, done(4, 1, 1))
		h.answer(b, done(3, 1, 0))
	}},
	{"a Ping does not see yet what a reader sees", func(h *hand) {
		withTable(h)
		b := h.ask(0, more)
		h.sees(3, map[int]int{1: 20})
		h.did(op{Kind: ping}, status(2, handEpoch, open))
		h.answer(b, done(3, 1, 0))
	}},
	{"a Ping sees what was sent behind it", func(h *hand) {
		withTable(h)
		p := h.ask(0, op{Kind: ping})
		b := h.ask(0, more)
		h.answer(p, status(3, handEpoch, open))
		h.answer(b, done(3, 1, 0))
	}},
}

func TestRightHistories(t *testing.T) {
	for _, c := range rights {
		t.Run(c.name, func(t *testing.T) {
			h := &hand{}
			c.make(h)
			if got := check(noFault, h.events, judgeTime); got != porcupine.Ok {
				t.Errorf("the checker says %s of\n%s", got, table(h.events))
			}
		})
	}
}

package worker

import (
	"slices"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

func TestTransactionsLease(t *testing.T) {
	for _, tt := range []struct {
		name string
		req  wire.Request
		do   func(x *heldTx)
	}{
		{"idle", wire.Request{Idle: time.Millisecond}, func(*heldTx) {}},
		{"lease", wire.Request{Lease: time.Millisecond}, func(*heldTx) {}},
		{"lease, and busy", wire.Request{Lease: 50 * time.Millisecond}, func(x *heldTx) {
			for x.ask(batchOf(`SELECT 1`)).Err() == nil {
			}
		}},
		{"lease, in a statement", wire.Request{Lease: 50 * time.Millisecond}, func(x *heldTx) {
			x.want("TX_EXPIRED", endless+` SELECT i FROM n`)
		}},
		{"lease, in a query", wire.Request{Lease: 50 * time.Millisecond}, func(x *heldTx) {
			if r := x.ask(&wire.Request{Type: wire.TypeQuery, SQL: endless + ` SELECT count(*) FROM n`}); r.Code != wire.CodeTxExpired {
				x.h.t.Errorf("a query at the lease's end: %s", show(r))
			}
		}},
		{"connection", wire.Request{}, func(x *heldTx) { x.tx.Leave() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := serving(t)
			x, r := h.begin(&tt.req)
			if r.Err() != nil {
				t.Fatal(r.Err())
			}
			x.ask(batchOf(`INSERT INTO t VALUES(1)`)) // in time or not
			tt.do(x)
			h.ok(batchOf(`INSERT INTO t VALUES(2)`)) // when the writer is free
			x.want("TX_EXPIRED", `INSERT INTO t VALUES(3)`)
			h.wantQuery(`SELECT a FROM t`, "2")
		})
	}
}

// A statement that runs for a transaction whose connection has ended, and that
// nobody has committed, holds the writer no longer.
func TestTransactionOfAConnectionThatEndsInAStatement(t *testing.T) {
	for _, req := range []*wire.Request{
		batchOf(endless + ` INSERT INTO t SELECT i FROM n`), batchOf(endless + ` SELECT i FROM n`), {Type: wire.TypeQuery, SQL: endless + ` SELECT count(*) FROM n`},
	} {
		h := serving(t)
		x := h.mustBegin()
		c := NewCall(req, 0, time.Now())
		if req.Type == wire.TypeQuery {
			c.Stream = NewStream(1 << 20)
		}
		x.tx.Submit(c)
		x.tx.Leave()
		h.ok(batchOf(`INSERT INTO t VALUES(1)`)) // when the writer is free
		h.wantQuery(`SELECT a FROM t`, "1")
	}
}

// What a connection has sent is done though it ends at once.
func TestTransactionOfAConnectionThatEnds(t *testing.T) {
	h := serving(t)
	x := h.mustBegin()
	insert := NewCall(batchOf(`INSERT INTO t VALUES(1)`), 0, time.Now())
	commit := NewCall(&wire.Request{Type: wire.TypeCommit}, 0, time.Now())
	x.tx.Submit(insert)
	x.tx.Submit(commit)
	x.tx.Leave()
	if got := show(h.reply(insert)); got != "ok rows 1" {
		t.Errorf("a batch: %s", got)
	}
	if got := show(h.reply(commit)); got != "ok rev 2" {
		t.Errorf("the Commit: %s", got)
	}
}

// Those who wait for the writer have their own times.
func TestWaitingForATransaction(t *testing.T) {
	h := serving(t)
	x := h.mustBegin()
	late := h.submit(within(time.Millisecond, batchOf(`INSERT INTO t VALUES(7)`)))
	patient := h.submit(batchOf(`INSERT INTO t VALUES(8)`))
	h.eventually("the batch is late", func() bool { return late.expired(time.Now()) })
	late.Expire() // as the router does
	if got := show(h.reply(late)); got != "TIMEOUT" {
		t.Errorf("the one with little time: %s", got)
	}
	if s := h.w.Holder(); s == nil || s.ID != x.tx.ID {
		t.Errorf("the holder is %+v", s)
	}
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	x.ends(wire.TypeCommit, "ok rev 2")
	if got := show(h.reply(patient)); got != "ok rev 3 rows 1" {
		t.Errorf("the one with patience: %s", got)
	}
	if s := h.w.Holder(); s != nil {
		t.Errorf("the holder is still %+v", s)
	}
	h.wantQuery(`SELECT a FROM t`, "1 8")
}

// A daemon that ends does not wait for a transaction.
func TestStopDuringATransaction(t *testing.T) {
	h := serving(t)
	x := h.mustBegin()
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	waiting := h.submit(batchOf(`INSERT INTO t VALUES(2)`))
	h.stop()
	if got := show(h.reply(waiting)); got != "ok rev 2 rows 1" {
		t.Errorf("the batch that waited: %s", got)
	}
	x.ends(wire.TypeCommit, "TX_EXPIRED")
	h.wantQuery(`SELECT a FROM t`, "2")
}

func TestBeginDuringMaintenance(t *testing.T) {
	h := serving(t)
	h.wantOutcome(closeDB, "closed ok")
	if _, r := h.begin(&wire.Request{}); r.Code != wire.CodeDatabaseClosed {
		t.Errorf("Begin: %s", show(r))
	}
	h.wantOutcome(reopen, "reopened ok")
	x := h.mustBegin()
	closing := h.submit(&wire.Request{Type: closeDB})
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	x.ends(wire.TypeCommit, "ok rev 2")
	if got := outcome(h.reply(closing)); got != "closed ok" {
		t.Errorf("the Close that waited: %s", got)
	}
	if left := h.sideFiles(); slices.ContainsFunc(left, func(name string) bool { return name == "-wal" || name == "-shm" }) {
		t.Errorf("files beside the closed database: %v", left)
	}
}

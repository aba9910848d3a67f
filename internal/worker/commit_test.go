package worker

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/sqlite/faultvfs"
	"github.com/skylinedb/skylinedb/wire"
)

func TestCommitAskedAgain(t *testing.T) {
	h := serving(t)
	x := h.mustBegin()
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	commit := func(tx string) *wire.Request {
		return &wire.Request{Type: wire.TypeCommit, TxID: tx, RequestID: "c"}
	}
	if got := show(x.ask(commit(x.tx.ID))); got != "ok rev 2" {
		t.Fatalf("Commit: %s, want ok rev 2", got)
	}
	again := func(when string) {
		t.Helper()
		if got := show(h.do(commit(x.tx.ID))); got != "ok rev 2 replayed" {
			t.Errorf("%s: %s, want ok rev 2 replayed", when, got)
		}
	}
	again("at once")
	h.stop()
	again("after the worker's end")
	h.forget()
	again("after the daemon's end")
	h.fails(commit("tx-another"), wire.CodeRequestIDReused)
	h.fails(&wire.Request{Type: wire.TypeCommit, TxID: x.tx.ID, RequestID: "d"}, wire.CodeTxExpired)
	h.fails(withID("c", batchOf(`DELETE FROM t`)), wire.CodeRequestIDReused)

	// One of a batch that was executed rolls the transaction back.
	h.ok(withID("b", batchOf(`INSERT INTO t VALUES(2)`)))
	x = h.mustBegin()
	x.want("ok rows 1", `INSERT INTO t VALUES(3)`)
	if r := x.ask(&wire.Request{Type: wire.TypeCommit, RequestID: "b"}); r.Code != wire.CodeRequestIDReused {
		t.Errorf("a Commit with the id of a batch: %s", show(r))
	}
	h.wantQuery(`SELECT a FROM t`, "1 2")
}

// A Commit that is told again is synced first: its Begin may have asked for it.
func TestCommitAskedAgainIsSynced(t *testing.T) {
	h := newHarness(t)
	disk := h.onFailingDisk()
	h.ok(batchOf(`CREATE TABLE t(a)`))
	x, r := h.begin(&wire.Request{Sync: wire.SyncFull})
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	x.want("ok rows 1", `INSERT INTO t VALUES(1)`)
	commit := &wire.Request{Type: wire.TypeCommit, TxID: x.tx.ID, RequestID: "c"}
	x.ask(commit)
	var syncs atomic.Int64
	disk.Fail(func(op faultvfs.Op) error {
		if op.Kind == faultvfs.Sync && op.OnLog() {
			syncs.Add(1)
		}
		return nil
	})
	if got := show(h.do(commit)); got != "ok rev 2 replayed" {
		t.Errorf("the Commit again: %s", got)
	}
	disk.Fail(nil)
	if syncs.Load() == 0 {
		t.Error("the log was not synced before the Commit was told again")
	}
}

// A Commit that is given up before it is taken rolls the transaction back.
func TestCommitThatIsGivenUp(t *testing.T) {
	for _, typ := range []wire.Type{wire.TypeCommit, wire.TypeRollback} {
		h := serving(t)
		x := h.mustBegin()
		busy := NewCall(batchOf(endless+` SELECT i FROM n`), 0, time.Now())
		end := NewCall(&wire.Request{Type: typ}, 0, time.Now())
		x.tx.Submit(busy)
		x.tx.Submit(end)
		end.Cancel()
		busy.Cancel()
		if got := show(h.reply(busy)); got != "CANCELLED at 0" && got != "CANCELLED" {
			t.Errorf("the batch: %s", got)
		}
		h.reply(end)
		h.ok(batchOf(`INSERT INTO t VALUES(1)`)) // when the writer is free
		x.want("TX_EXPIRED", `SELECT 1`)
	}
}

// A commit of which it cannot be told whether it happened is found out.
func TestCommitOnAFailingDisk(t *testing.T) {
	h := newHarness(t)
	disk := h.onFailingDisk()
	h.ok(batchOf(`CREATE TABLE t(a)`))
	for n := range 12 {
		x, r := h.begin(&wire.Request{Sync: wire.SyncFull})
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
		x.want("ok rows 1", fmt.Sprintf(`INSERT INTO t VALUES(%d)`, n))
		writes := 0
		disk.Fail(func(op faultvfs.Op) error {
			if op.Kind != faultvfs.Read {
				writes++
			}
			if writes > n {
				return faultvfs.EIO
			}
			return nil
		})
		r = x.ask(&wire.Request{Type: wire.TypeCommit, RequestID: fmt.Sprint(n)})
		disk.Fail(nil)
		again := h.do(&wire.Request{Type: wire.TypeCommit, TxID: x.tx.ID, RequestID: fmt.Sprint(n)})
		want := map[bool]string{true: "1", false: "0"}[again.Replayed]
		if r.Err() == nil != again.Replayed && !*r.Retryable || !again.Replayed && again.Code != wire.CodeTxExpired {
			t.Errorf("operation %d fails: %s, and asked again %s", n, show(r), show(again))
		}
		h.wantQuery(fmt.Sprintf(`SELECT count(*) FROM t WHERE a = %d`, n), want)
	}
}

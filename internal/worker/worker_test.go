package worker

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/wire"
)

// Every call that was accepted is answered, also if the worker is told to end
// while they wait, and none that was not.
func TestFullQueueIsAnswered(t *testing.T) {
	h := serving(t)
	release := h.hold()
	var calls []*Call
	for i := range QueueLength {
		typ := batchOf(`SELECT 1`)
		if i%7 == 0 {
			typ = &wire.Request{Type: wire.TypePing}
		}
		calls = append(calls, h.submit(typ))
	}
	h.mu.Lock()
	w := h.w
	refused := NewCall(batchOf(`SELECT 1`), 100, time.Now())
	if w.Submit(refused) {
		t.Error("a call more than the queue holds was accepted")
	}
	w.Stop()
	h.remove()
	h.mu.Unlock()
	release()
	for _, c := range calls {
		if r := h.reply(c); r.Err() != nil {
			t.Fatalf("%s: %s", c.Req.Type, show(r))
		}
	}
	h.wait(w.Done())
	for _, c := range append(calls, refused) {
		select {
		case r := <-c.Reply():
			t.Fatalf("answered twice or without leave: %s", show(r))
		default:
		}
	}
}

// A call that expires just as the worker takes it has one answer.
func TestExpireAgainstTheWorker(t *testing.T) {
	h := serving(t)
	for i := range 300 {
		release := func() {}
		if i%100 == 0 {
			release = h.hold()
		}
		call := h.submit(within(time.Hour, batchOf(fmt.Sprintf(`INSERT INTO t VALUES(%d)`, i))))
		var wg sync.WaitGroup
		wg.Go(call.Expire)
		release()
		r := h.reply(call)
		wg.Wait()
		if r.Code != wire.CodeTimeout && r.Err() != nil {
			t.Fatalf("%s", show(r))
		}
		want := "1"
		if r.Err() != nil {
			want = "0"
		}
		h.ok(batchOf(`SELECT 1`)) // the worker is done with it
		h.wantQuery(fmt.Sprintf(`SELECT count(*) FROM t WHERE a = %d`, i), want)
		if len(call.Reply()) > 0 {
			t.Fatal("answered twice")
		}
	}
}

// After a panic the worker answers what it had in hand, which may have expired.
func TestExpiredCallIsNotAnsweredAgain(t *testing.T) {
	c := NewCall(batchOf(`SELECT 1`), 1, time.Now())
	c.Expire()
	c.Expire()
	if r := <-c.Reply(); r.Code != wire.CodeTimeout {
		t.Errorf("%s, want TIMEOUT", show(r))
	}
	c.answer(wire.OK())
	c.fail(context.Canceled)
	if len(c.Reply()) > 0 {
		t.Error("answered twice")
	}
}

// What a reply tells is in the snapshot before the reply is sent.
func TestSnapshotBeforeReply(t *testing.T) {
	h := serving(t)
	for i := range 200 {
		rev := *h.ok(batchOf(fmt.Sprintf(`INSERT INTO t VALUES(%d)`, i))).Rev
		h.mu.Lock()
		s := h.w.Snapshot()
		h.mu.Unlock()
		if s.Rev < rev || s.batches < int64(i)+2 {
			t.Fatalf("the reply told rev %d, the snapshot %d with %d batches", rev, s.Rev, s.batches)
		}
	}
	h.command(closeDB)
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.w.Snapshot(); s.State != dbfile.Closed || !s.Known {
		t.Errorf("after Close the snapshot has state %q, known %v", s.State, s.Known)
	}
}

func TestCounters(t *testing.T) {
	h := serving(t)
	h.ok(withID("a", batchOf(`INSERT INTO t VALUES(1)`)))
	h.ok(withID("a", batchOf(`INSERT INTO t VALUES(1)`)))
	h.ok(batchOf(`SELECT 1`))
	h.fails(batchOf(`INSERT INTO t VALUES(1)`), wire.CodeSQLError)
	h.fails(batchOf(`INSERT OR ROLLBACK INTO t VALUES(1)`), wire.CodeSQLError)
	h.command(prepare)
	h.fails(batchOf(`SELECT 1`), wire.CodeDatabasePreparing)
	h.stop()
	got := h.last.Status()
	want := wire.DatabaseStatus{
		DB: "a.db", DBPath: h.file, State: "preparing", Rev: 2, Epoch: h.last.Epoch,
		Batches: 3, Groups: 2, Errors: 3, Replays: 1,
	}
	if got != want {
		t.Errorf("status\n%+v, want\n%+v", got, want)
	}
}

// One batch that asks for it makes its group survive a power failure.
func TestSyncFullIsOfTheGroup(t *testing.T) {
	h := serving(t)
	h.stop()
	w := &Worker{harm: new(harm), readers: new(readers), cfg: h.cfg}
	w.abort, w.giveUp = context.WithCancel(t.Context())
	defer w.closeDB()
	full := batchOf(`INSERT INTO t VALUES(1)`)
	full.Sync = wire.SyncFull
	normal := batchOf(`INSERT INTO t VALUES(2)`)
	normal.Sync = wire.SyncNormal
	for _, tt := range []struct {
		group []*wire.Request
		want  string
	}{
		{[]*wire.Request{normal}, "1"}, {[]*wire.Request{normal, full}, "2"}, {[]*wire.Request{normal}, "1"}, {[]*wire.Request{full, normal}, "2"},
	} {
		var group []*batch
		for _, req := range tt.group {
			group = append(group, &batch{req: req, call: NewCall(req, 1, time.Now())})
		}
		if err := w.beginOnce(group, time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := w.db.Query(func(r sqlite.Row) error { got = r.Text(0); return nil }, `PRAGMA synchronous`); err != nil {
			t.Fatal(err)
		}
		if got != tt.want {
			t.Errorf("synchronous is %s, want %s", got, tt.want)
		}
		w.giveUpTx()
	}
}

// A connection that was broken outside of a group is replaced before the next.
func TestBrokenConnectionIsReplaced(t *testing.T) {
	h := serving(t)
	h.stop()
	w := &Worker{harm: new(harm), readers: new(readers), cfg: h.cfg}
	w.abort, w.giveUp = context.WithCancel(t.Context())
	defer w.closeDB()
	for range 2 {
		if err := w.beginOnce(nil, time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		w.db.GiveUp()
	}
}

func TestCheckpointPolicy(t *testing.T) {
	var p checkpointPolicy
	if _, ok := p.quietAt(); ok {
		t.Error("a log that is empty wants to be emptied")
	}
	now := time.Now()
	p.committed(now)
	if at, ok := p.quietAt(); !ok || !at.Equal(now.Add(quiet)) {
		t.Errorf("quietAt = %v, %v", at, ok)
	}
	for _, step := range []struct {
		pages int
		due   bool
	}{{999, false}, {1000, true}, {1500, false}, {1999, false}, {2000, true}, {2100, false}, {10, false}, {1009, true}} {
		if got := p.passiveDue(step.pages, sqlite.AutoCheckpoint); got != step.due {
			t.Errorf("passiveDue(%d) = %v, want %v", step.pages, got, step.due)
		}
		if step.due {
			p.tried = step.pages
		}
		if step.pages == 10 {
			p.tried = 9
		}
	}
	for _, step := range []struct {
		pages int
		due   bool
	}{{logWarning - 1, false}, {logWarning, true}, {logWarning + 1, false}, {2 * logWarning, true}, {3 * logWarning, false}} {
		if got := p.warnDue(step.pages); got != step.due {
			t.Errorf("warnDue(%d) = %v, want %v", step.pages, got, step.due)
		}
	}
}

// The log does not grow without bound, and is emptied when it is quiet.
func TestCheckpoints(t *testing.T) {
	h := serving(t)
	size := func() int64 {
		n, err := dbfile.LogSize(h.file)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	largest := int64(0)
	for range 20 {
		h.ok(batchOf(`INSERT INTO t SELECT randomblob(3000) FROM generate_series(1, 200)`))
		largest = max(largest, size())
	}
	if limit := int64(4 * sqlite.AutoCheckpoint * 4096); largest > limit {
		t.Errorf("the log grew to %d bytes, want %d at most", largest, limit)
	}
	h.eventually("the log is emptied", func() bool { return size() == 0 })
}

// A reader of another process never blocks a write, however long it stays.
func TestReaderBlocksNoWrite(t *testing.T) {
	h := serving(t)
	reader := openReader(t, h.file)
	defer reader.hold()()
	for i := range 20 {
		h.ok(batchOf(fmt.Sprintf(`INSERT INTO t SELECT randomblob(3000) FROM generate_series(1, 200 + %d)`, i)))
	}
	if got := reader.query(`SELECT count(*) FROM t`); got != "0" {
		t.Errorf("the reader sees %s rows of later, want 0", got)
	}
}

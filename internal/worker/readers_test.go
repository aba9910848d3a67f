package worker

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/wire"
)

// Queries that are admitted after the readers were closed are not told of that
// close, however late its interruption comes.
func TestReadersAreAdmittedAfterAClose(t *testing.T) {
	grace, cancel := context.WithCancel(t.Context())
	cancel()
	r := &readers{log: slog.New(slog.DiscardHandler), room: make(chan struct{}, 1)}
	for i := range 2000 {
		r.admit(dbfile.Identity{})
		r.close(errLetGo, grace)
		r.admit(dbfile.Identity{})
		runtime.Gosched()
		r.mu.Lock()
		late := r.ending
		r.mu.Unlock()
		if late != nil {
			t.Fatalf("round %d: they are told %v", i, late)
		}
		r.close(errLetGo, grace)
	}
}

// A query that comes at once with one that stands still does not wait for it.
func TestQueryBesideOneThatStands(t *testing.T) {
	h := serving(t)
	h.wantRead(`SELECT 1`, "[[1]]")
	for i := range 300 {
		stands := h.ask(&wire.Request{SQL: endless + ` SELECT zeroblob(50000) FROM n`})
		for range i % 50 {
			runtime.Gosched()
		}
		h.wantRead(`SELECT 2`, "[[2]]")
		stands.call.Cancel()
		stands.end()
	}
}

// Idle connections are given up where others wait for their places.
func TestIdleReadersMakeRoom(t *testing.T) {
	h := serving(t)
	h.cfg.Readers = make(chan struct{}, maxReaders)
	h.stop()
	var all []*asked
	for range maxReaders {
		all = append(all, h.ask(&wire.Request{SQL: endless + ` SELECT i FROM n`}))
	}
	h.eventually("all have a connection", func() bool { return len(h.cfg.Readers) == maxReaders })
	for _, a := range all {
		a.call.Cancel()
		a.end()
	}
	h.eventually("places are free", func() bool { return len(h.cfg.Readers) < maxReaders })
}

// A reader that goes when it hears of it is not in the way of a Close that
// wants the file for itself. It may hear too late, and is asked again.
func TestCloseWaitsForReadersThatGo(t *testing.T) {
	h := serving(t)
	got := "READERS_REMAIN"
	for n := 0; got == "READERS_REMAIN" && n < 20; n++ {
		reader := openReader(t, h.file)
		reader.query(`SELECT * FROM t`)
		c := h.submit(&wire.Request{Type: closeDB, RequireExclusive: true})
		for range n { // at different moments
			runtime.Gosched()
		}
		reader.close()
		got = outcome(h.reply(c))
	}
	if got != "closed ok" {
		t.Errorf("Close: %s, want closed ok", got)
	}
	if left := h.sideFiles(); slices.Contains(left, "-wal") || slices.Contains(left, "-shm") {
		t.Errorf("files beside the closed database: %v", left)
	}
}

// Queries that overlap without a pause do not keep the log for ever.
func TestLogUnderOverlappingQueries(t *testing.T) {
	h := serving(t)
	h.stop()
	h.cfg.checkpointPages, h.cfg.logStays = 2, time.Hour
	h.ok(batchOf(endless + ` INSERT INTO t SELECT i FROM n LIMIT 1000`))
	first := h.ask(&wire.Request{SQL: endless + ` SELECT i FROM n, t`})
	first.frame()
	paused := func() bool { p, _ := h.w.readers.breathing(); return p }
	for n := 0; !paused(); n++ {
		h.ok(batchOf(fmt.Sprintf(`INSERT INTO t VALUES('x%d')`, n)))
	}
	second := h.ask(&wire.Request{SQL: `SELECT count(*) > 1000 FROM t`})
	first.call.Cancel()
	first.end()
	if got := second.result(); got != "[[1]]" {
		t.Errorf("the query that waited: %s", got)
	}
	h.eventually("the log is emptied", func() bool {
		size, err := dbfile.LogSize(h.file)
		return err == nil && size == 0
	})
}

package worker

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/wire"
)

// Bounds of the readers of one database.
const (
	maxReaders    = 4               // queries that run at a time
	maxReaderWait = 256             // queries that wait for their turn
	readerIdle    = 5 * time.Second // after which a connection that nobody uses is closed
)

// readers runs the queries of a database on read-only connections, beside the
// writer. The worker opens and closes it, since it knows when the file may be
// read; queries come from anywhere.
type readers struct {
	file  string
	vfs   string
	stall time.Duration // see stallTime
	room  chan struct{} // one place for each connection of the daemon
	log   *slog.Logger
	count atomic.Int64 // queries that were begun
	now   func() *Snapshot

	mu       sync.Mutex // guards what follows
	open     bool
	identity dbfile.Identity // of the file that may be read
	stale    bool            // it is not at its path any more
	ending   error           // why queries are interrupted
	active   map[*Call]context.CancelCauseFunc
	parked   []*Call // whose min_rev has not come
	owed     int     // calls that are not answered
	lastUse  time.Time
	running  int // goroutines
	load     int // queries that they run or have before them
	pause    breather
	jobs     chan *Call
	quit     chan struct{}
	wg       sync.WaitGroup
}

// admit lets queries read the file of that identity from now on.
func (r *readers) admit(id dbfile.Identity) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open {
		return
	}
	r.open, r.identity, r.stale, r.ending = true, id, false, nil
	r.jobs, r.quit = make(chan *Call, maxReaderWait), make(chan struct{})
	r.active = map[*Call]context.CancelCauseFunc{}
	r.running, r.load = 0, 0
}

// submit takes a query, if there is a file to read, which it reports.
func (r *readers) submit(c *Call, rev int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.open || r.stale {
		return false
	}
	r.lastUse = time.Now()
	if c.Req.MinRev != nil && *c.Req.MinRev > rev {
		if len(r.parked) >= maxReaderWait {
			c.refuse(tooManyQueries())
			return true
		}
		r.parked = append(r.parked, c)
		r.owed++
		return true
	}
	r.owed++
	r.start(c)
	return true
}

// start gives a query to a goroutine. It is called with mu held.
func (r *readers) start(c *Call) {
	select {
	case r.jobs <- c:
	default:
		r.owed--
		c.refuse(tooManyQueries())
		return
	}
	r.load++
	if r.load > r.running && r.running < maxReaders {
		r.running++
		jobs, quit := r.jobs, r.quit
		r.wg.Go(func() { r.run(jobs, quit) })
	}
}

func tooManyQueries() error {
	return wire.Errorf(wire.CodeQueueFull, "%d queries wait for the database already: ask again later.", maxReaderWait)
}

// reached starts the queries that have waited for rev.
func (r *readers) reached(rev int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.parked[:0]
	for _, c := range r.parked {
		switch {
		case c.taken.Load(): // its time has passed
			r.owed--
		case *c.Req.MinRev <= rev:
			r.start(c)
		default:
			kept = append(kept, c)
		}
	}
	clear(r.parked[len(kept):])
	r.parked = kept
}

// busy reports whether queries are owed an answer, and when one came last.
func (r *readers) busy() (busy bool, last time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.parked {
		if c.taken.Load() { // its time has passed
			r.owed--
		}
	}
	r.parked = slices.DeleteFunc(r.parked, func(c *Call) bool { return c.taken.Load() })
	return r.owed > 0, r.lastUse
}

// close ends all queries for the reason why, those that run once grace has
// ended, and returns when every connection is closed.
func (r *readers) close(why error, grace context.Context) {
	r.mu.Lock()
	if !r.open {
		r.mu.Unlock()
		return
	}
	r.open = false
	quit := r.quit
	waiting := r.parked
	r.parked = nil
	for more := true; more; {
		select {
		case c := <-r.jobs:
			waiting = append(waiting, c)
		default:
			more = false
		}
	}
	r.owed -= len(waiting)
	close(quit)
	if r.pause.over != nil {
		close(r.pause.over)
		r.pause.over = nil
	}
	r.mu.Unlock()
	for _, c := range waiting {
		c.refuse(why)
	}
	stop := context.AfterFunc(grace, func() { r.interrupt(why, quit) })
	defer stop()
	r.wg.Wait()
}

// interrupt ends the queries that run, unless those are later ones already.
func (r *readers) interrupt(why error, quit chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.quit != quit || r.open {
		return
	}
	r.ending = why
	for _, cancel := range r.active {
		cancel(why)
	}
}

// run is one goroutine with one connection.
func (r *readers) run(jobs chan *Call, quit chan struct{}) {
	debug.SetPanicOnFault(true) // see Worker.run
	x := &reader{readers: r}
	defer x.close()
	timer := time.NewTimer(readerIdle)
	defer timer.Stop()
	for {
		timer.Reset(readerIdle)
		select {
		case c := <-jobs:
			x.serve(c)
			x.makeRoom()
		case <-quit:
			return
		case <-timer.C:
			if r.leave() {
				return
			}
		}
	}
}

// leave ends an idle goroutine, unless a query has come.
func (r *readers) leave() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.load >= r.running { // one is on its way here
		return false
	}
	r.running--
	return true
}

// begin notes that a query runs, and returns its context.
func (r *readers) begin(c *Call) (context.Context, func()) {
	r.await(c.Stream.ctx)
	ctx, cancel := context.WithCancelCause(c.Stream.ctx)
	ctx, stop := context.WithTimeoutCause(ctx, maxSnapshot, errTooLong)
	end := stop
	if c.Req.Timeout > 0 {
		ctx, end = context.WithDeadline(ctx, c.deadline)
	}
	r.count.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active[c] = cancel
	if r.ending != nil {
		cancel(r.ending)
	}
	return ctx, func() {
		end()
		stop()
		cancel(nil)
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.active, c)
		r.owed--
		r.load--
		r.lastUse = time.Now()
	}
}

// readAgain lets queries read what is still open after stopReading.
func (w *Worker) readAgain() {
	if w.db != nil {
		w.readers.admit(w.identity)
	}
}

// admitQuery opens the file for queries and passes on the one that asked for it.
func (w *Worker) admitQuery(c *Call) {
	err := w.openToRead()
	w.publish()
	if err == nil && !w.readers.submit(c, w.rev.value) {
		err = errors.New("the readers did not open")
	}
	if err != nil && c.claim() {
		c.fail(w.outcomeOf(err))
	}
}

func (w *Worker) openToRead() error {
	if err := w.readState(); err != nil {
		return err
	}
	if w.state.value == dbfile.Closed {
		return closedError()
	}
	if w.readers.isStale() {
		w.stopReading(errLetGo, 0)
	}
	if err := w.openExisting(); err != nil {
		return err
	}
	if w.db == nil {
		return wire.Errorf(wire.CodeNoDatabase, "There is no database %q yet: the first ExecBatch makes it.", w.cfg.Path.Name)
	}
	w.readers.admit(w.identity)
	return nil
}

func (r *readers) isStale() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stale
}

// Query takes a query past the queue, beside the writer, and reports whether
// that was possible: otherwise it must be submitted.
func (w *Worker) Query(c *Call) bool {
	s := w.Snapshot()
	if s == nil || !s.Known || s.State == dbfile.Closed || !w.readers.submit(c, s.Rev) {
		return false
	}
	if c.Req.MinRev != nil { // it may have been reached meanwhile
		w.readers.reached(w.Snapshot().Rev)
	}
	return true
}

// Reading reports whether queries are owed an answer.
func (w *Worker) Reading() bool {
	busy, _ := w.readers.busy()
	return busy
}

// Queries returns the number of queries that were begun.
func (w *Worker) Queries() int64 { return w.readers.count.Load() }

// What queries get before they are interrupted, for maintenance and for the
// worker's end.
const (
	readGrace = time.Second
	endGrace  = 3 * time.Second
)

var errLetGo = &wire.Error{Code: wire.CodeIOError, Retryable: true, Message: "The daemon had to let go of the file while the query waited or ran: ask again."}

// stopReading closes the connections that queries run on, after a grace, for
// the reason that queries are told.
func (w *Worker) stopReading(why error, grace time.Duration) {
	ctx, cancel := context.WithTimeout(w.abort, grace)
	defer cancel()
	w.readers.close(why, ctx)
}

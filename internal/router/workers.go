package router

import (
	"os"
	"sync/atomic"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/worker"
	"github.com/skylinedb/skylinedb/wire"
)

// Bounds of the table.
const (
	maxWorkers = 1000 // databases that are served at once
	maxEntries = 8192 // databases that are remembered
	maxNames   = 16   // names under which one database is found without a look at the disk
)

// entry is what the router knows of one real file.
type entry struct {
	path  dbfile.Path
	w     *worker.Worker   // nil while no worker serves it
	used  bool             // w was asked for more than a Ping
	turn  int64            // Router.turn when w was asked last
	owed  atomic.Int64     // calls whose replies the router has not received, and transactions
	names []string         // its keys in Router.names
	last  *worker.Snapshot // of its last worker, which has retired
	gone  <-chan struct{}  // closed when its last worker holds the file no more
}

// answered notes that the reply to a call has been received.
func (e *entry) answered() { e.owed.Add(-1) }

// submit hands call to the worker of the database name, which is started if
// there is none. The caller receives the reply and tells the entry so.
func (r *Router) submit(name string, call *worker.Call) (*entry, error) {
	r.mu.Lock()
	if e := r.names[name]; e != nil {
		defer r.mu.Unlock()
		return e, r.submitTo(e, name, call)
	}
	r.mu.Unlock()
	path, err := r.cfg.Root.Resolve(name)
	if err == nil && !path.Exists {
		err = dbfile.CheckFolder(path) // no worker for what cannot be
	}
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.entryFor(path)
	if err := r.submitTo(e, name, call); err != nil {
		return nil, err
	}
	if r.names[name] == nil && path.Name == name && len(e.names) < maxNames { // links may come to lead elsewhere
		r.names[name] = e
		e.names = append(e.names, name)
	}
	return e, nil
}

// submitTo is called with mu held, so that a worker cannot retire meanwhile.
func (r *Router) submitTo(e *entry, name string, call *worker.Call) error {
	if r.draining {
		return shuttingDown()
	}
	if e.w == nil {
		var room <-chan struct{}
		if r.live >= r.maxWorkers {
			if room = r.retireOldest(); room == nil {
				return tooManyDatabases(r.maxWorkers)
			}
		}
		r.spawn(e, room)
	}
	if call.Tx != nil { // it is owed until it ends, beside its Begin
		e.owed.Add(1)
		call.Tx.OnEnd(e.answered)
	}
	if call.Req.Type != wire.TypeQuery || !e.w.Query(call) {
		if !e.w.Submit(call) {
			if call.Tx != nil {
				e.answered()
			}
			return queueFull(name)
		}
	}
	e.owed.Add(1)
	r.turn++
	e.turn = r.turn
	e.used = e.used || call.Req.Type != wire.TypePing
	return nil
}

// serves reports whether e is the database of that name.
func (r *Router) serves(e *entry, name string) bool {
	if name == e.path.Name {
		return true
	}
	path, err := r.cfg.Root.Resolve(name)
	return err == nil && path.Key == e.path.Key
}

// retireOldest ends, with mu held, the worker that was asked longest ago of
// those that owe nothing. What it returns is closed when that one's file is
// closed; nil means that all are in use.
func (r *Router) retireOldest() (closed <-chan struct{}) {
	var oldest *entry
	for _, e := range r.table {
		if e.w != nil && e.owed.Load() == 0 && (oldest == nil || e.turn < oldest.turn) {
			oldest = e
		}
	}
	if oldest == nil {
		return nil
	}
	oldest.w.Stop()
	r.remove(oldest)
	return oldest.gone
}

// entryFor returns the entry of a file, a new one if need be.
func (r *Router) entryFor(path dbfile.Path) *entry {
	e := r.table[path.Key]
	if e == nil {
		r.makeRoom()
		e = &entry{path: path}
		r.table[path.Key] = e
	}
	return e
}

// makeRoom forgets databases without a worker where there are very many.
func (r *Router) makeRoom() {
	if len(r.table) < maxEntries {
		return
	}
	for key, e := range r.table {
		if e.w == nil && e.ended() {
			delete(r.table, key)
		}
	}
}

func (e *entry) ended() bool {
	if e.gone == nil {
		return true
	}
	select {
	case <-e.gone:
		return true
	default:
		return false
	}
}

// spawn starts the worker of e. It opens nothing before the last one has
// let the file go and there is room for one more.
func (r *Router) spawn(e *entry, room <-chan struct{}) {
	e.w = worker.Start(worker.Config{
		Path: e.path, Synchronous: r.cfg.Synchronous, ForeignKeys: r.cfg.ForeignKeys, Idle: r.cfg.WorkerIdle,
		Log:     r.cfg.Log.With("db", e.path.Name),
		Cores:   &r.cores,
		Feed:    &r.feed,
		Readers: r.readers,
		Last:    e.last,
		Retire:  func(w *worker.Worker, used bool) bool { return r.retire(e, w, used) },
	}, r.both(e.gone, room))
	r.live++
}

// both returns what is closed when a and b are; nil counts as closed.
func (r *Router) both(a, b <-chan struct{}) <-chan struct{} {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	done := make(chan struct{})
	r.handovers.Go(func() {
		<-a
		<-b
		close(done)
	})
	return done
}

// retire takes an idle worker out of the table, unless a request has come.
func (r *Router) retire(e *entry, w *worker.Worker, used bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.QueueDepth() > 0 || w.Reading() || e.w != w {
		return false
	}
	r.remove(e)
	if used {
		r.used()
	}
	return true
}

// remove takes the worker of e out of the table, with mu held. Nothing is
// submitted to it any more.
func (r *Router) remove(e *entry) {
	e.last, e.gone = e.w.Snapshot(), e.w.Done()
	e.w, e.used = nil, false
	for _, name := range e.names {
		delete(r.names, name)
	}
	e.names = nil
	r.live--
}

// find returns where a database is and, where it can be told without its
// worker, how it is.
func (r *Router) find(name string) (dbfile.Path, *worker.Snapshot, error) {
	path, err := r.cfg.Root.Resolve(name)
	if err != nil {
		return path, nil, err
	}
	r.mu.Lock()
	e := r.table[path.Key]
	var w *worker.Worker
	if e != nil {
		w = e.w
	}
	r.mu.Unlock()
	if w != nil {
		if s := w.Snapshot(); s != nil && s.Known {
			return path, s, nil
		}
		return path, nil, nil
	}
	if !path.Exists {
		if _, err := os.Lstat(path.File + dbfile.MarkerSuffix); os.IsNotExist(err) {
			return path, &worker.Snapshot{Path: path, State: dbfile.Open}, nil
		}
	}
	return path, nil, nil
}

// stopWorkers makes every worker finish what it has and close its database,
// and waits for it. Batches that take too long are interrupted.
func (r *Router) stopWorkers() {
	r.mu.Lock()
	var stopped []*worker.Worker
	var ends []<-chan struct{}
	for _, e := range r.table {
		if e.w != nil {
			stopped = append(stopped, e.w)
			ends = append(ends, e.w.Done())
			e.w.Stop()
			r.remove(e)
		} else if e.gone != nil {
			ends = append(ends, e.gone)
		}
	}
	r.mu.Unlock()
	patience := time.AfterFunc(finishTime, func() {
		r.cfg.Log.Warn("some batches take too long: interrupting them")
		for _, w := range stopped {
			w.Abort()
		}
	})
	defer patience.Stop()
	for _, end := range ends {
		<-end
	}
	r.handovers.Wait()
}

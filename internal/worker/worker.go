package worker

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/feed"
	"github.com/skylinedb/skylinedb/internal/sqlite"
)

// QueueLength is the number of calls that may wait for one worker.
const QueueLength = 4096

// Config is what a worker is started with.
type Config struct {
	Path        dbfile.Path
	Synchronous sqlite.Synchronous
	ForeignKeys bool
	Idle        time.Duration // 0 is never
	Log         *slog.Logger
	// Retire asks the owner whether an idle worker may end. After true no
	// call is submitted any more. A worker that answered nothing but Ping
	// was not used.
	Retire func(w *Worker, used bool) bool
	// Readers has a place for each connection that queries of all databases
	// may have; nil is as many as one database needs.
	Readers chan struct{}
	// Cores is told of commits that begin and end, nil for nobody.
	Cores *Cores
	// Feed is told of commits and of maintenance, nil for nobody.
	Feed *feed.Feed
	// Last is what the database's previous worker left, nil for the first.
	Last *Snapshot

	// Of tests.
	groupTime       time.Duration // for slow machines
	checkpointPages int           // for short logs
	logStays        time.Duration // for logs that are not emptied meanwhile
	stall           time.Duration // for clients that read slowly
	vfs             string        // for disks that fail; see sqlite.Options
	disk            dbfile.Disk   // likewise
}

// Worker owns one database. Submit, Stop, Done and Snapshot may be called from
// anywhere; everything else belongs to the worker's goroutine.
type Worker struct {
	cfg      Config
	queue    chan *Call
	stop     chan struct{}
	done     chan struct{}
	abort    context.Context // ends when Stop's patience does: statements are interrupted
	giveUp   context.CancelFunc
	snapshot atomic.Pointer[Snapshot]
	holder   atomic.Pointer[Tx]
	readers  *readers

	// Owned by the goroutine.
	next     *Call   // taken from the queue, not yet handled
	inFlight []*Call // taken and perhaps unanswered, for a panic
	told     []*Call // of the group that is being answered; kept for its room
	lastUse  time.Time
	state    state
	db       *sqlite.Conn // nil while there is no connection
	identity dbfile.Identity
	files    *dbfile.Footprint // of db
	harm     *harm
	rev      revision
	replay   records
	ckpt     checkpointPolicy
	stats    counters
}

// Start starts the worker of a database. It opens nothing before prev is
// closed, which is the end of the worker before it; nil waits for nobody.
func Start(cfg Config, prev <-chan struct{}) *Worker {
	w := &Worker{
		cfg:   cfg,
		queue: make(chan *Call, QueueLength),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	if w.cfg.groupTime == 0 {
		w.cfg.groupTime = groupTime
	}
	if w.cfg.checkpointPages == 0 {
		w.cfg.checkpointPages = sqlite.AutoCheckpoint
	}
	if w.cfg.disk == nil {
		w.cfg.disk = dbfile.OS{}
	}
	if w.cfg.stall == 0 {
		w.cfg.stall = stallTime
	}
	w.readers = &readers{file: cfg.Path.File, vfs: cfg.vfs, stall: w.cfg.stall, room: cfg.Readers, log: cfg.Log, now: w.Snapshot}
	if w.readers.room == nil {
		w.readers.room = make(chan struct{}, maxReaders)
	}
	w.abort, w.giveUp = context.WithCancel(context.Background())
	if cfg.Last != nil {
		w.stats = cfg.Last.counters
		w.readers.count.Store(w.stats.queries)
		w.rev.pending, w.identity, w.harm = cfg.Last.pending, cfg.Last.identity, cfg.Last.harm
	}
	if w.harm == nil {
		w.harm = new(harm)
	}
	go w.run(prev)
	return w
}

// Submit queues a call and reports false where the queue is full. The caller
// makes sure that none is submitted after Retire or Stop.
func (w *Worker) Submit(c *Call) bool {
	select {
	case w.queue <- c:
		return true
	default:
		return false
	}
}

// Stop makes the worker answer what it has and end. The caller submits
// nothing more. Call it once.
func (w *Worker) Stop() { close(w.stop) }

// Abort interrupts the statements of a worker that was told to stop: their
// batches are rolled back and answered with SHUTTING_DOWN.
func (w *Worker) Abort() { w.giveUp() }

// Done is closed when the worker has ended and holds no file.
func (w *Worker) Done() <-chan struct{} { return w.done }

// QueueDepth returns the number of calls that wait.
func (w *Worker) QueueDepth() int { return len(w.queue) }

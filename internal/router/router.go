package router

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/feed"
	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/internal/worker"
	"github.com/skylinedb/skylinedb/wire"
)

// Config is what a router is made of.
type Config struct {
	Root        *dbfile.Root
	Socket      string
	Version     string
	MaxFrame    int // bytes
	Synchronous sqlite.Synchronous
	ForeignKeys bool
	WorkerIdle  time.Duration // 0 is never
	RouterIdle  time.Duration // 0 is never
	Log         *slog.Logger
	// Rest is called, never by two at once, when no request has come for some
	// seconds after one that did; nil for nothing.
	Rest func()
	// Listen makes the listener. It is called again where an idle end that
	// had begun was called off.
	Listen func() (*transport.Listener, error)
}

// Router serves the clients of one socket. Make it with [New].
type Router struct {
	cfg     Config
	started time.Time
	budget  *budget // of requests
	results *budget // of the results that batches ask for
	held    heldBudgets
	readers chan struct{} // a place for each connection that queries run on
	feed    feed.Feed
	cores   worker.Cores

	ctx      context.Context // ends when connections must stop at once
	cancel   context.CancelFunc
	ending   context.Context // ends when subscriptions must
	endSubs  context.CancelCauseFunc
	asked    chan struct{} // closed by Shutdown
	askOnce  sync.Once
	lastUse  atomic.Int64 // when a request that counts as use came, in nanoseconds since started
	restDue  atomic.Bool  // a timer for rest is under way
	accepts  sync.WaitGroup
	conns    sync.WaitGroup
	connsMu  sync.Mutex // guards open
	open     map[*conn]struct{}
	listener *transport.Listener // owned by Run

	mu       sync.Mutex // guards what follows; see workers.go
	table    map[string]*entry
	names    map[string]*entry
	live     int   // workers in the table
	turn     int64 // grows with each call
	draining bool

	maxWorkers int            // never changes but in tests
	handovers  sync.WaitGroup // workers that wait for the end of others
}

// New returns a router that serves nothing yet.
func New(cfg Config) *Router {
	r := &Router{
		cfg: cfg, started: time.Now(), budget: newBudget(cfg.MaxFrame), results: newBudget(0),
		held:    heldBudgets{requests: newBudget(cfg.MaxFrame), results: newBudget(0)},
		readers: make(chan struct{}, maxReaders),
		asked:   make(chan struct{}), open: map[*conn]struct{}{},
		table: map[string]*entry{}, names: map[string]*entry{}, maxWorkers: maxWorkers,
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.ending, r.endSubs = context.WithCancelCause(r.ctx)
	r.used()
	return r
}

// Shutdown asks Run to end: what was accepted is finished first. It returns at
// once and may be called from anywhere, any number of times.
func (r *Router) Shutdown() { r.askOnce.Do(func() { close(r.asked) }) }

// Run listens and serves until Shutdown or until nobody has used the daemon
// for long enough. When it returns every reply was written, every database is
// closed and the socket is gone. It fails where it cannot listen.
func (r *Router) Run() error {
	defer r.cancel()
	if err := r.listen(); err != nil {
		return err
	}
	for {
		idle := r.waitForEnd()
		if !idle {
			break
		}
		revoked, err := r.quiesce()
		if err != nil {
			return errors.Join(err, r.drain())
		}
		if !revoked {
			r.cfg.Log.Info("idle: ending", "after", r.cfg.RouterIdle)
			break
		}
	}
	return r.drain()
}

// listen makes the listener and starts accepting.
func (r *Router) listen() error {
	l, err := r.cfg.Listen()
	if err != nil {
		return err
	}
	r.listener = l
	r.accepts.Go(func() { r.accept(l) })
	return nil
}

// accept starts a connection for each client until the listener is closed or
// its deadline passes.
func (r *Router) accept(l net.Listener) {
	strangers := complaint{log: r.cfg.Log, text: "turned a client away"}
	failures := complaint{log: r.cfg.Log, text: "clients cannot connect and wait"}
	defer strangers.rest()
	defer failures.rest()
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			r.admit(nc)
		case errors.Is(err, transport.ErrPeer):
			strangers.add(err)
		case errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrDeadlineExceeded):
			return
		default:
			// No file descriptors left, perhaps: others may give some back.
			failures.add(err)
			select {
			case <-time.After(100 * time.Millisecond):
			case <-r.ctx.Done():
				return
			}
		}
	}
}

// admit starts serving a client, unless there are too many.
func (r *Router) admit(nc net.Conn) {
	c := newConn(r, nc)
	r.connsMu.Lock()
	full := len(r.open) >= maxConns
	if !full {
		r.open[c] = struct{}{}
	}
	r.connsMu.Unlock()
	if full {
		c.refuse(wire.Errorf(wire.CodeQueueFull, "The daemon has %d connections, as many as it serves: ask again later.", maxConns))
		return
	}
	r.conns.Go(func() {
		c.read()
		r.connsMu.Lock()
		delete(r.open, c)
		r.connsMu.Unlock()
	})
}

// connections returns the connections that are open now.
func (r *Router) connections() []*conn {
	r.connsMu.Lock()
	defer r.connsMu.Unlock()
	list := make([]*conn, 0, len(r.open))
	for c := range r.open {
		list = append(list, c)
	}
	return list
}

package client

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/skylinedb/skylinedb/wire"
)

// Client talks to one daemon. It is safe for concurrent use: all calls share
// one connection and none waits for another's reply; each Query, transaction
// and subscription has a connection of its own. Make one per program and close
// it at the end.
type Client struct {
	set      settings
	timing   timing
	ids      *requestIDs
	calls    atomic.Uint64 // sent so far; their ids
	answered *answered

	ctx    context.Context // ends with Close; the connecting goroutine's
	cancel context.CancelFunc
	wg     sync.WaitGroup // every goroutine of the client

	mu         sync.Mutex
	closed     bool
	dir        string // the directory that the daemon serves, or would
	pinned     bool   // the daemon must serve dir
	conn       *conn  // the last connection, perhaps ended
	connecting *connecting
	lanes      map[*lane]struct{} // every one that is open
	idle       []*lane            // those that nobody has now
}

// Open returns a Client. It does not connect: the first call does. It fails
// where an option or a variable of the environment is malformed.
func Open(o Options) (*Client, error) {
	set, err := o.resolve()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Client{
		set: set, dir: set.dir, pinned: set.pinned, timing: usualTiming,
		ids: newRequestIDs(), answered: newAnswered(), ctx: ctx, cancel: cancel, lanes: map[*lane]struct{}{},
	}, nil
}

// Close ends the connections and waits for the client's goroutines. Calls that
// are still in flight fail with the cause [ErrClosed], and whether the daemon
// has done what they asked is not known: wait for them first. A daemon that
// the client started goes on. A second Close does nothing.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	conn := c.conn
	for l := range c.lanes {
		l.drop()
	}
	c.idle = nil
	c.mu.Unlock()
	c.cancel()
	if conn != nil {
		conn.fail(ErrClosed)
	}
	c.wg.Wait()
	return nil
}

// Pong is what the daemon says of itself.
type Pong struct {
	Version  string // of the daemon's program
	Protocol int
	Dir      string // the directory that it serves
}

// Ping asks the daemon for a sign of life. Like every call but Shutdown it
// waits for a daemon, and starts one, unless the [Options] say otherwise.
func (c *Client) Ping(ctx context.Context) (Pong, error) {
	r, err := c.Do(ctx, &wire.Request{Type: wire.TypePing})
	if err != nil {
		return Pong{}, err
	}
	return Pong{Version: r.Version, Protocol: r.Protocol, Dir: r.Dir}, nil
}

// Database is what the daemon knows of one database.
type Database struct {
	Path  string // of its file
	State string // "open", "preparing" or "closed"
	// Rev is the number of committed batches that were not read-only. Revs
	// compare within one Epoch only: another file has another epoch.
	Rev   int64
	Epoch string
}

// PingDB asks for the state of a database; "" is [wire.DefaultDB]. It never
// creates the file. It fails with CodeInvalidDatabaseName for a name that no
// database can have.
func (c *Client) PingDB(ctx context.Context, db string) (Database, error) {
	r, err := c.Do(ctx, &wire.Request{Type: wire.TypePing, DB: named(db), HasDB: true})
	if err != nil {
		return Database{}, err
	}
	return Database{Path: r.DBPath, State: r.State, Rev: value(r.Rev), Epoch: value(r.Epoch)}, nil
}

// PrepareForMaintenance empties the write-ahead log into the database's file
// and refuses writes from then on, so that the file stays as it is. already
// says that this was so before: also where the call had to be repeated. It
// fails with CodeCheckpointBusy while readers need the log.
func (c *Client) PrepareForMaintenance(ctx context.Context, db string) (already bool, err error) {
	r, err := c.maintain(ctx, wire.TypePrepareForMaintenance, db, false)
	if err != nil {
		return false, err
	}
	return r.Already, nil
}

// Closed is the success of CloseDatabase.
type Closed struct {
	Already bool // it was closed before, or the call had to be repeated
	// ReadersRemain says that another process still has the file open: it
	// should close it before the file is replaced.
	ReadersRemain bool
}

// CloseDatabase lets go of the database's file until ReopenDatabase, after
// which it may be replaced. With requireExclusive it fails with
// CodeReadersRemain if another process has the file open.
func (c *Client) CloseDatabase(ctx context.Context, db string, requireExclusive bool) (Closed, error) {
	r, err := c.maintain(ctx, wire.TypeCloseDatabase, db, requireExclusive)
	if err != nil {
		return Closed{}, err
	}
	return Closed{Already: r.Already, ReadersRemain: value(r.ReadersRemaining)}, nil
}

// Reopened is the success of ReopenDatabase.
type Reopened struct {
	Already bool // it was open before, or the call had to be repeated
	Rev     int64
	Epoch   string // another one than before if the file was replaced
}

// ReopenDatabase lets the database be written again. It fails with
// CodeNotADatabase or CodeStaleWAL for a file that cannot be used; the
// database stays closed then.
func (c *Client) ReopenDatabase(ctx context.Context, db string) (Reopened, error) {
	r, err := c.maintain(ctx, wire.TypeReopenDatabase, db, false)
	if err != nil {
		return Reopened{}, err
	}
	return Reopened{Already: r.Already, Rev: value(r.Rev), Epoch: value(r.Epoch)}, nil
}

func (c *Client) maintain(ctx context.Context, typ wire.Type, db string, exclusive bool) (*wire.Reply, error) {
	return c.Do(ctx, &wire.Request{Type: typ, DB: named(db), HasDB: true, RequireExclusive: exclusive})
}

// Status is what the daemon tells of its work.
type Status struct {
	Version string
	Dir     string
	wire.DaemonStatus
}

// Status asks for the daemon's work and that of each of its databases.
func (c *Client) Status(ctx context.Context) (Status, error) {
	r, err := c.Do(ctx, &wire.Request{Type: wire.TypeStatus})
	if err != nil {
		return Status{}, err
	}
	return Status{Version: r.Version, Dir: r.Dir, DaemonStatus: value(r.DaemonStatus)}, nil
}

// named returns the name of a database, of the default one for none.
func named(db string) string {
	if db == "" {
		return wire.DefaultDB
	}
	return db
}

// value returns what p points to, the zero value for nil.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

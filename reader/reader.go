package reader

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// defaultConns is the number of connections of a Reader that is told nothing.
const defaultConns = 16

// usualGrace is how long reads may go on when the file goes into maintenance.
const usualGrace = time.Second

// Options say how a file is read. The zero Options are good for most.
type Options struct {
	// MaxConns bounds the connections, and so the reads at a time; others
	// wait. 0 is 16. One takes 330 KiB of memory, and up to 2 MiB for pages.
	MaxConns int
	// Events yields what the daemon tells of the database, until ctx ends or
	// an error. It is called again after its end. Nil is for programs that
	// have no connection to a daemon: the Reader then looks at the file's
	// marker four times a second.
	Events func(ctx context.Context) iter.Seq2[Event, error]
	// EmptyIfMissing makes a file that does not exist read as an empty
	// database. Without it such a read fails with CodeNoDatabase.
	EmptyIfMissing bool
}

// Event is what the daemon tells of the database.
type Event struct {
	// Change is one of [wire.ChangePreparing] and its kin, or "" for commits.
	Change string
}

// ErrClosed is the cause of the failure of a read on a Reader that is closed.
var ErrClosed = errors.New("the reader is closed")

// Reader reads one database's file. It is safe for concurrent use.
type Reader struct {
	path  string // absolute, with its links resolved
	opts  Options
	grace time.Duration
	slots chan struct{} // as many as connections may be in use

	ctx    context.Context // ends with Close
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup // the watching goroutine and the reads

	mu      sync.Mutex
	closed  bool
	idle    []*conn
	busy    map[*conn]struct{}
	gen     int           // grows with each letting go: an older conn is not kept
	changed chan struct{} // closed, and made anew, when waiting reads should look again
}

// Open returns a Reader of the database at path. It opens nothing yet, and the
// file need not exist. A path in the daemon's directory is joined from the
// directory and the database's name.
func Open(path string, o Options) (*Reader, error) {
	path, err := resolve(path)
	if err != nil {
		return nil, wire.Errorf(wire.CodeInvalidDatabaseName, "The path of the database leads nowhere: %w.", err)
	}
	if o.MaxConns <= 0 {
		o.MaxConns = defaultConns
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &Reader{
		path: path, opts: o, grace: usualGrace, slots: make(chan struct{}, o.MaxConns),
		ctx: ctx, cancel: cancel, busy: map[*conn]struct{}{}, changed: make(chan struct{}),
	}
	r.wg.Go(r.watch)
	return r, nil
}

// resolve returns the real path of a file that may not exist yet: the marker
// lies beside that.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil || !os.IsNotExist(err) {
		return real, err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	return filepath.Join(dir, filepath.Base(path)), err
}

// Path returns the path of the file.
func (r *Reader) Path() string { return r.path }

// Read calls f with a connection on which everything is read from one
// snapshot, the latest one. The Conn is good until f returns. It blocks while
// all connections are in use and while the file is in maintenance, until ctx
// ends.
//
// It returns what f returns, or a [wire.Error]: CodeDatabaseClosed or
// CodeDatabasePreparing where maintenance ended the read or outlasted ctx,
// CodeNoDatabase, CodeNotADatabase, CodeIOError. Where ctx ended, its error is
// in the chain.
func (r *Reader) Read(ctx context.Context, f func(*Conn) error) error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return closedError()
	}
	r.wg.Add(1)
	r.mu.Unlock()
	defer r.wg.Done()
	c, err := r.Begin(ctx)
	if err != nil {
		return err
	}
	defer c.End()
	return f(c)
}

// Close ends what is being read, closes the connections and waits for the calls
// of Read. A connection of Begin, whose reads fail from then on, is closed by its
// End. A second Close does nothing.
func (r *Reader) Close() error {
	r.mu.Lock()
	r.closed = true
	idle := r.idle
	r.idle = nil
	r.mu.Unlock()
	r.cancel(ErrClosed)
	for _, c := range idle {
		c.close()
	}
	r.wg.Wait()
	return nil
}

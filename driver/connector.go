package driver

import (
	"context"
	"database/sql/driver"
	"errors"
	"iter"
	"os"
	"path/filepath"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/internal/config"
	"github.com/skylinedb/skylinedb/reader"
	"github.com/skylinedb/skylinedb/wire"
)

// connector has what the connections of a sql.DB share: a reader, a client and
// the mark of the last write.
type connector struct {
	cfg  source
	mark mark

	lock     chan struct{} // capacity 1: guards what follows, and is waited for within a context
	closed   bool
	client   *client.Client
	listener *client.Client // for events: it starts no daemon
	reader   *reader.Reader
}

// Connect implements [driver.Connector]. A connection costs nothing yet.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	select {
	case c.lock <- struct{}{}:
		defer func() { <-c.lock }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c.closed {
		return nil, errClosed
	}
	if c.client == nil {
		if err := c.open(ctx); err != nil {
			return nil, err
		}
	}
	return &conn{shared: c, open: map[*fileRows]struct{}{}}, nil
}

// Driver implements [driver.Connector].
func (c *connector) Driver() driver.Driver { return Driver{} }

// Close implements [io.Closer]: sql.DB.Close calls it after it has closed its
// connections.
func (c *connector) Close() error {
	c.lock <- struct{}{}
	defer func() { <-c.lock }()
	c.closed = true
	var errs []error
	if c.listener != nil { // first: the reader waits for its events to end
		errs = append(errs, c.listener.Close())
	}
	if c.reader != nil {
		errs = append(errs, c.reader.Close())
	}
	if c.client != nil {
		errs = append(errs, c.client.Close())
	}
	return errors.Join(errs...)
}

// open makes what is shared, with the lock held.
func (c *connector) open(ctx context.Context) (err error) {
	cl, err := client.Open(c.cfg.client)
	if err != nil {
		return err
	}
	quiet := c.cfg.client
	quiet.NoAutostart = true
	listener, err := client.Open(quiet)
	if err != nil {
		return errors.Join(err, cl.Close())
	}
	path, err := c.path(ctx, cl)
	var r *reader.Reader
	if err == nil {
		o := reader.Options{MaxConns: c.cfg.readers, EmptyIfMissing: true}
		if c.cfg.events {
			o.Events = c.events
		}
		c.listener = listener // the reader asks for events at once
		r, err = reader.Open(path, o)
	}
	if err != nil {
		c.listener = nil
		return errors.Join(err, listener.Close(), cl.Close())
	}
	c.client, c.reader = cl, r
	return nil
}

// path returns the path of the database's file. Where nobody has said which
// directory the daemon serves, only the daemon knows.
func (c *connector) path(ctx context.Context, cl *client.Client) (string, error) {
	dir := c.cfg.client.Dir
	if dir == "" {
		env, err := config.Load(os.Getenv)
		if err != nil {
			return "", err
		}
		if env.DirExplicit {
			dir = env.Dir
		}
	}
	if dir != "" {
		return filepath.Join(dir, filepath.FromSlash(c.cfg.db)), nil
	}
	db, err := cl.PingDB(ctx, c.cfg.db)
	return db.Path, err
}

// events are what the daemon tells of the database, in the words of reader.
func (c *connector) events(ctx context.Context) iter.Seq2[reader.Event, error] {
	return func(yield func(reader.Event, error) bool) {
		for event, err := range c.listener.Subscribe(ctx, client.SubscribeOptions{DB: c.cfg.db}) {
			if err != nil {
				yield(reader.Event{}, err)
				return
			}
			if event.Change == wire.ChangeReplaced {
				c.mark.clear()
			}
			change := event.Change
			if event.Kind == client.EventSubscribed && event.State != stateOpen {
				change = event.State
			}
			if !yield(reader.Event{Change: change}, nil) {
				return
			}
		}
	}
}

// stateOpen is the state of a database that is in no maintenance.
const stateOpen = "open"

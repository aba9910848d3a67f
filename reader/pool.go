package reader

import (
	"context"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/wire"
)

// maxIdle bounds the connections that are kept while nobody reads.
const maxIdle = 8

// maxGhosts bounds how often one read may find that its file was replaced
// while it began.
const maxGhosts = 100

// Begin takes a connection and a snapshot, as Read does, for callers whose
// reading does not fit into one function. The caller must call [Conn.End]. The
// context is good for the whole of it: when it ends, so does what is read.
func (r *Reader) Begin(ctx context.Context) (*Conn, error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	c, err := r.begin(ctx)
	if err != nil {
		r.leave()
		return nil, err
	}
	return &Conn{c, c.rev, c.epoch}, nil
}

// enter takes one of the slots.
func (r *Reader) enter(ctx context.Context) error {
	if r.ctx.Err() != nil {
		return closedError()
	}
	select {
	case r.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return waited(ctx, "a connection was waited for")
	case <-r.ctx.Done():
		return closedError()
	}
}

func (r *Reader) leave() { <-r.slots }

// begin returns a connection with a snapshot of the file that is at the path.
func (r *Reader) begin(ctx context.Context) (*conn, error) {
	patience := time.Now().Add(busyTimeout)
	for ghosts := 0; ghosts < maxGhosts; {
		good := false
		c, err := r.take(ctx)
		if err == nil {
			if good, err = c.snapshot(); good {
				return c, nil
			}
			c.drop()
		}
		switch {
		case err == nil:
			ghosts++
		case !sqlite.IsPassing(err) || time.Now().After(patience) || r.pause(ctx, nil, glance) != nil:
			return nil, err
		}
	}
	return nil, wire.Errorf(wire.CodeIOError, "The file %q is replaced again and again: try later.", r.path)
}

// take returns a connection that is registered as in use: an idle one, or a
// new one if the file is in no maintenance. An idle one needs no such look
// before its snapshot, since there is one behind it.
func (r *Reader) take(ctx context.Context) (*conn, error) {
	c := r.takeIdle()
	if c == nil {
		if err := r.awaitOpen(ctx); err != nil {
			return nil, err
		}
		r.mu.Lock()
		gen := r.gen // before the file is opened: it may be let go of meanwhile
		r.mu.Unlock()
		var err error
		if c, err = r.open(); err != nil {
			return nil, err
		}
		c.gen = gen
	}
	var cancel context.CancelCauseFunc
	c.ctx, cancel = context.WithCancelCause(ctx)
	c.cancel, c.unlink = cancel, context.AfterFunc(r.ctx, func() { cancel(ErrClosed) })
	r.mu.Lock()
	r.busy[c] = struct{}{}
	r.mu.Unlock()
	return c, nil
}

// takeIdle returns an idle connection, nil if there is none.
func (r *Reader) takeIdle() (c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.idle); n > 0 {
		c, r.idle = r.idle[n-1], r.idle[:n-1]
	}
	return c
}

// give takes a connection back, to be kept if it is still of use.
func (r *Reader) give(c *conn, keep bool) {
	c.unlink()
	c.cancel(nil)
	r.mu.Lock()
	delete(r.busy, c)
	if c.ending != nil {
		c.ending.Stop()
		c.ending = nil
	}
	keep = keep && !r.closed && c.gen == r.gen && len(r.idle) < maxIdle
	if keep {
		r.idle = append(r.idle, c)
	}
	r.mu.Unlock()
	if !keep {
		c.close()
	}
}

// awaitOpen waits until the file is in no maintenance.
func (r *Reader) awaitOpen(ctx context.Context) error {
	for {
		r.mu.Lock()
		changed := r.changed // before the look, lest a change be missed
		r.mu.Unlock()
		state, err := r.state()
		if err != nil || state == dbfile.Open {
			return err
		}
		r.letGo()
		if err := r.pause(ctx, changed, usualLook); err != nil {
			return maintenanceError(state, err)
		}
	}
}

// pause waits until something has changed, or for a while.
func (r *Reader) pause(ctx context.Context, changed <-chan struct{}, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-r.ctx.Done():
		return ErrClosed
	}
	return nil
}

// state returns what the marker says.
func (r *Reader) state() (dbfile.State, error) {
	m, _, err := dbfile.ReadMarker(r.path)
	return m.State, err
}

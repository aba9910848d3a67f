package client

import (
	"context"
	"errors"
	"io"

	"github.com/skylinedb/skylinedb/wire"
)

// Shutdown ends the daemon and blocks until it has finished what it had,
// closed its databases and hung up, or until ctx ends. It never starts a
// daemon: where none runs it fails at once with the cause [ErrNotRunning].
//
// It is sent once, on a connection of its own. If that is lost before the
// reply, the error has CodeUnavailable.
func (c *Client) Shutdown(ctx context.Context) error {
	_, err := c.shutdown(ctx)
	return err
}

func (c *Client) shutdown(ctx context.Context) (*wire.Reply, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.ctx, func() { cancel(ErrClosed) })()
	conn, err := c.unshared(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.nc.Close()
	var reply *wire.Reply
	err = interruptible(ctx, conn.nc, func() (err error) {
		if reply, err = c.askToEnd(conn); err != nil {
			return err
		}
		// The daemon hangs up when it has finished, whatever that looks like
		// on this system: the only other end is the context's.
		_, err = io.Copy(io.Discard, conn.r)
		if ctx.Err() == nil {
			err = nil
		}
		return err
	})
	switch {
	case err == nil:
		return reply, nil
	case reply != nil && ctx.Err() != nil:
		return nil, wire.Errorf(wire.CodeUnavailable, "The daemon is ending but has not finished yet: %w.", context.Cause(ctx))
	case ctx.Err() != nil:
		return nil, gaveUp(ctx, true, nil)
	}
	if _, ok := errors.AsType[*wire.Error](err); ok {
		return nil, err
	}
	return nil, wire.Errorf(wire.CodeUnavailable, "The connection was lost before the daemon confirmed its end: %w.", err)
}

// unshared returns a connection that does not run. Until it has one, it tries
// again as any call does, but for a daemon that is not there.
func (c *Client) unshared(ctx context.Context) (*conn, error) {
	r := c.newRetry(ctx, nil, nil, nil)
	for {
		conn, err := c.dial(ctx)
		switch {
		case err == nil:
			return conn, nil
		case ctx.Err() != nil:
			return nil, gaveUp(ctx, false, err)
		case errors.Is(err, ErrNotRunning) || !isPassing(err):
			return nil, unavailable(err)
		}
		r.last = err
		if err := r.pause(); err != nil {
			return nil, err
		}
	}
}

// askToEnd sends Shutdown and returns the reply. A daemon that is ending
// already is as good.
func (c *Client) askToEnd(conn *conn) (*wire.Reply, error) {
	frame, _, err := c.frame(&wire.Request{Type: wire.TypeShutdown})
	if err != nil {
		return nil, err
	}
	if _, err := conn.nc.Write(frame); err != nil {
		return nil, err
	}
	body, err := wire.ReadFrame(conn.r, conn.limit)
	if err != nil {
		return nil, err
	}
	reply, err := wire.ParseReply(body)
	if err != nil {
		return nil, err
	}
	if err := reply.Err(); wire.ErrorCode(err) == wire.CodeShuttingDown {
		return wire.OK(), nil
	} else if err != nil {
		return nil, err
	}
	return reply, nil
}

package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
	"time"

	"github.com/skylinedb/skylinedb/internal/transport"
	"github.com/skylinedb/skylinedb/wire"
)

// connecting is one try to get a connection, shared by all calls that need one.
type connecting struct {
	done chan struct{} // closed when conn and err are set
	conn *conn
	err  error
}

// connection returns the connection to the daemon. Where there is none it
// makes one, together with the other calls that wait for it. An error that is
// [passing] may be gone at the next try.
func (c *Client) connection(ctx context.Context) (*conn, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	if c.conn != nil && c.conn.usable() {
		defer c.mu.Unlock()
		return c.conn, nil
	}
	try := c.connecting
	if try == nil {
		try = &connecting{done: make(chan struct{})}
		c.connecting = try
		c.wg.Go(func() { c.connect(try) })
	}
	c.mu.Unlock()
	select {
	case <-try.done:
		return try.conn, try.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// connect is the goroutine of one try. It belongs to the client and not to the
// call that began it, whose context may end while others still wait.
func (c *Client) connect(try *connecting) {
	nc, err := c.reach(c.ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.connecting = nil
	if c.closed {
		if err == nil {
			nc.fail(ErrClosed)
		}
		err = ErrClosed
	}
	if err == nil {
		nc.run(&c.wg)
		c.conn = nc
	}
	try.conn, try.err = nc, err
	close(try.done)
}

// reach connects to the daemon that runs, or starts one where it may.
func (c *Client) reach(ctx context.Context) (*conn, error) {
	nc, err := c.dial(ctx)
	if errors.Is(err, ErrNotRunning) && c.set.autostart {
		return c.startDaemon(ctx)
	}
	if errors.Is(err, ErrNotRunning) && c.set.noWait {
		return nil, ErrNotRunning
	}
	return nc, err
}

// dial connects to the daemon that runs and makes sure that it is ours. The
// connection does not run yet.
func (c *Client) dial(ctx context.Context) (*conn, error) {
	nc, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	conn := newConn(nc, bufio.NewReaderSize(nc, readBuffer), max(c.set.maxFrame, wire.DefaultMaxFrame))
	if err := c.greet(ctx, conn); err != nil {
		_ = nc.Close() // err says more
		return nil, err
	}
	return conn, nil
}

// open connects to whoever listens.
func (c *Client) open(ctx context.Context) (net.Conn, error) {
	dialCtx, cancel := context.WithTimeout(ctx, c.timing.handshake)
	defer cancel()
	nc, err := transport.Dial(dialCtx, c.set.socket)
	switch {
	case err == nil:
		return nc, nil
	case transport.IsNotRunning(err):
		return nil, &passing{fmt.Errorf("%w: %w", ErrNotRunning, err)}
	case dialPasses(err) && ctx.Err() == nil:
		return nil, &passing{err}
	}
	return nil, unavailable(err)
}

// dialPasses reports whether another try may succeed where Dial has failed: the
// system said no, or the daemon had its hands full. A path that is too long or
// somebody else's socket stays what it is.
func dialPasses(err error) bool {
	if errors.Is(err, transport.ErrForeign) || errors.Is(err, fs.ErrPermission) {
		return false
	}
	_, system := errors.AsType[syscall.Errno](err)
	return system || errors.Is(err, context.DeadlineExceeded)
}

// greet sends a Ping and checks the reply: whoever listens must speak our
// protocol, in good time, and serve our directory.
func (c *Client) greet(ctx context.Context, conn *conn) error {
	reply, err := c.firstReply(ctx, conn, wire.TypePing)
	if err != nil {
		return err
	}
	return c.checkDaemon(reply)
}

// firstReply asks on a connection that does not run yet, and returns the reply
// of a daemon that is content and answers in good time.
func (c *Client) firstReply(ctx context.Context, conn *conn, typ wire.Type) (*wire.Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timing.handshake)
	defer cancel()
	var reply *wire.Reply
	err := interruptible(ctx, conn.nc, func() (err error) {
		reply, err = c.exchange(conn, typ)
		return err
	})
	if errors.Is(err, ctx.Err()) && ctx.Err() != nil {
		return nil, &passing{err}
	}
	if err != nil {
		return nil, err
	}
	if err := reply.Err(); err != nil {
		if passes(err) {
			err = &passing{err}
		}
		return nil, err
	}
	return reply, nil
}

// interruptible runs deed, whose reads and writes on nc fail once ctx ends.
func interruptible(ctx context.Context, nc net.Conn, deed func() error) error {
	// A deadline cannot be set on a closed connection, and need not be.
	stop := context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })
	err := deed()
	if !stop() && err == nil {
		err = ctx.Err() // the deadline may be about to strike
	}
	return err
}

func (c *Client) exchange(conn *conn, typ wire.Type) (*wire.Reply, error) {
	frame, err := appendFrame(nil, &wire.Request{Type: typ})
	if err != nil {
		return nil, err
	}
	if _, err = conn.nc.Write(frame); err != nil {
		return nil, &passing{fmt.Errorf("greet the daemon: %w", err)}
	}
	body, err := wire.ReadFrame(conn.r, conn.limit)
	if wire.ErrorCode(err) == wire.CodeFrameTooLarge {
		return nil, c.foreign(err)
	}
	if err != nil {
		return nil, &passing{fmt.Errorf("await the daemon's first reply: %w", err)}
	}
	reply, err := wire.ParseReply(body)
	if err != nil {
		return nil, c.foreign(err)
	}
	return reply, nil
}

func (c *Client) foreign(err error) error {
	return wire.Errorf(wire.CodeUnavailable, "What listens at %q is not a SkylineDB daemon: choose another --socket%w", c.set.socket, unsaid{err})
}

// checkDaemon compares what the daemon says of itself with what this client
// needs. The first daemon's directory binds the client: with a daemon that
// serves another, a batch that is asked again would go to another file.
func (c *Client) checkDaemon(pong *wire.Reply) error {
	if pong.Protocol != wire.Protocol {
		return wire.Errorf(wire.CodeUnavailable, "The daemon at %q speaks protocol %d and this program protocol %d: use the same version of both.", c.set.socket, pong.Protocol, wire.Protocol)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.pinned {
		c.dir, c.pinned = pong.Dir, true
		return nil
	}
	if !sameDir(c.dir, pong.Dir) {
		return wire.Errorf(wire.CodeDirMismatch, "The daemon at %q serves %q and not %q: stop it, or use another --socket for this directory.", c.set.socket, pong.Dir, c.dir)
	}
	return nil
}

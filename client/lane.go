package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// maxIdleLanes bounds the lanes that are kept for the next one who needs one.
const maxIdleLanes = 4

// lane is a connection that serves one Query, transaction or subscription at a
// time: replies come in the order of the requests, so these would hold up
// everybody on the shared connection. Whoever has the lane reads and writes it
// himself, so it has no goroutines.
//
// A lane is opened with the checks of every connection, belongs to one owner
// until release or drop, and ends with the client at the latest.
type lane struct {
	c    *Client
	conn *conn
	used bool // it was idle before: the daemon may have hung up meanwhile
}

// dialer connects to the daemon.
type dialer func(context.Context) (*conn, error)

// takeLane returns an idle lane, or a new one. An error that is [passing] may
// be gone at the next try.
func (c *Client) takeLane(ctx context.Context, dial dialer) (*lane, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	if n := len(c.idle); n > 0 {
		l := c.idle[n-1]
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		return l, nil
	}
	c.mu.Unlock()
	conn, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	l := &lane{c: c, conn: conn}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		_ = conn.nc.Close() // nothing was sent
		return nil, ErrClosed
	}
	c.lanes[l] = struct{}{}
	return l, nil
}

// dialLane connects to the daemon that runs, or starts one where it may. It
// ends with the client.
func (c *Client) dialLane(ctx context.Context) (*conn, error) {
	conn, err := c.dialRunning(ctx)
	if errors.Is(err, ErrNotRunning) {
		// The shared connection starts a daemon where that is allowed, once
		// for all who wait.
		if _, err = c.connection(ctx); err == nil {
			conn, err = c.dialRunning(ctx)
		}
	}
	return conn, err
}

// dialRunning connects to the daemon that runs. It ends with the client.
func (c *Client) dialRunning(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	conn, err := c.dial(ctx)
	if err != nil && c.ctx.Err() != nil {
		err = ErrClosed
	}
	return conn, err
}

// release gives back a lane that is in step: every reply has been read.
func (l *lane) release() {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	if l.c.closed || len(l.c.idle) == maxIdleLanes {
		l.drop()
		return
	}
	l.used = true
	l.c.idle = append(l.c.idle, l)
}

// hangUp ends a lane, and with it what the daemon does on it.
func (l *lane) hangUp() {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	l.drop()
}

// drop is hangUp with Client.mu held.
func (l *lane) drop() {
	delete(l.c.lanes, l)
	_ = l.conn.nc.Close() // nothing is buffered that an error could tell about
}

// dropIdle ends the lanes that nobody has: one of them was found dead.
func (c *Client) dropIdle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.idle {
		l.drop()
	}
	c.idle = nil
}

// watch lets reads and writes fail once ctx ends. The function that it returns
// ends the watch and reports false where that has happened: the lane is of no
// use then.
func (l *lane) watch(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = l.conn.nc.SetDeadline(time.Unix(1, 0)) }) // a closed one needs none
}

// send writes a request.
func (l *lane) send(frame []byte) error {
	if _, err := l.conn.nc.Write(frame); err != nil {
		return l.lost(fmt.Errorf("write to the daemon: %w", err))
	}
	return nil
}

// receive reads one frame of the reply to the request with that id. Its errors
// are those of a lane that is lost.
func (l *lane) receive(id []byte) (*wire.Reply, error) {
	body, err := wire.ReadFrame(l.conn.r, l.conn.limit)
	var reply *wire.Reply
	if err == nil {
		reply, err = wire.ParseReply(body)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, l.lost(fmt.Errorf("read from the daemon: %w", err))
	}
	if reply.ID != nil && !bytes.Equal(reply.ID, id) {
		return nil, l.lost(errors.New("a reply came that belongs to no request"))
	}
	return reply, nil
}

// exchange sends a request and returns the first frame of the reply.
func (l *lane) exchange(frame, id []byte) (*wire.Reply, error) {
	if err := l.send(frame); err != nil {
		return nil, err
	}
	return l.receive(id)
}

// lost tells why a lane cannot be used any more.
func (l *lane) lost(err error) error {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	if l.c.closed {
		return ErrClosed
	}
	return err
}

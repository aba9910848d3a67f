package fakedaemon

import (
	"bytes"
	"net"
	"sync"

	"github.com/skylinedb/skylinedb/wire"
)

// Conn is one connection of a client.
type Conn struct {
	nc    net.Conn
	calls chan *Call

	mu   sync.Mutex
	open []*Call // neither answered nor ended
	gone bool
}

// Call is one request on its connection.
type Call struct {
	*wire.Request
	Conn *Conn
	// Ended is closed when a Cancel or the end of the connection ends the call.
	Ended chan struct{}

	found bool // of Cancel: there was something to end
	ok    bool // the reply was a success
}

// Send sends one frame of the reply. It returns false where the connection has
// ended.
func (c *Call) Send(r *wire.Reply) bool {
	echo := *r
	echo.ID = c.ID
	frame, err := wire.AppendFrame(nil, func(b []byte) ([]byte, error) { return wire.AppendReply(b, &echo) })
	if err != nil {
		panic(err) // a server made a reply that is none
	}
	c.ok = r.Status == "ok"
	return c.SendFrame(frame)
}

// SendFrame is Send for a frame that is made already.
func (c *Call) SendFrame(frame []byte) bool {
	_, err := c.Conn.nc.Write(frame)
	return err == nil
}

// begin notes a request that has arrived. A Cancel takes effect here, out of
// turn.
func (c *Conn) begin(req *wire.Request) *Call {
	call := &Call{Request: req, Conn: c, Ended: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	if req.Type == wire.TypeCancel {
		call.found = c.remove(func(o *Call) bool { return bytes.Equal(o.ID, req.Target) })
		return call
	}
	c.open = append(c.open, call)
	return call
}

// finish notes that a call has been answered.
func (c *Conn) finish(call *Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(func(o *Call) bool { return o == call })
}

// end ends every call of a connection that is gone.
func (c *Conn) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	c.remove(func(*Call) bool { return true })
}

// remove ends the calls that match; mu is held.
func (c *Conn) remove(match func(*Call) bool) (found bool) {
	kept := c.open[:0]
	for _, call := range c.open {
		if match(call) {
			close(call.Ended)
			found = true
		} else {
			kept = append(kept, call)
		}
	}
	c.open = kept
	return found
}

// isGone reports whether the client has hung up.
func (c *Conn) isGone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone
}

package history

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/skylinedb/skylinedb/test/harness"
)

// retries is how often a request with an id is sent again when its reply was
// lost.
const retries = 3

// errOver ends a client whose run was given up.
var errOver = errors.New("the run is over")

// client is one client of a run. It belongs to its goroutine.
type client struct {
	*run
	number int
	script script

	conn    *harness.Conn // nil while there is none
	id      int           // of the connection
	life    int           // of the daemon that it is to
	turn    int           // of the last request on it
	readers map[int]*reader
}

// play does what the script says, and then hangs up.
func (c *client) play() error {
	defer c.hangUp()
	for ops := c.script.Ops; len(ops) > 0; {
		if ops[0].Kind == read {
			c.read(ops[0])
			ops = ops[1:]
			continue
		}
		n := c.together(ops)
		lost, err := c.send(ops[:n])
		if err != nil {
			return err
		}
		if err := c.repeat(lost); err != nil {
			return err
		}
		ops = ops[n:]
	}
	return nil
}

// together returns how many of the next requests are sent in one piece. The
// last of them is one whose reply shall be lost.
func (c *client) together(ops []op) int {
	for i, o := range ops[:min(len(ops), c.script.Window)] {
		if o.Kind == read {
			return i
		}
		if o.Lose {
			return i + 1
		}
	}
	return min(len(ops), c.script.Window)
}

// send sends requests in one piece and records what comes of them. It returns
// those whose replies were lost.
func (c *client) send(ops []op) ([]*event, error) {
	if err := c.connect(); err != nil {
		return nil, err
	}
	var sent []*event
	for _, o := range ops {
		in := &input{op: o, Client: c.number}
		if known := c.known[o.DB].Load(); o.Expect == knownRev {
			in.ExpRev = &known
		} else if wrong := known + 100; o.Expect == wrongRev {
			in.ExpRev = &wrong
		}
		in.identify()
		sent = append(sent, &event{In: in, Out: &output{Lost: true}})
	}
	return c.exchange(sent), nil
}

// errHangUp is why a reply is lost that the program wants to lose.
var errHangUp = errors.New("hung up")

// exchange sends requests that are ready to go, and ends the connection when
// it fails or shall. It returns those whose replies were lost.
func (c *client) exchange(sent []*event) (lost []*event) {
	var bodies []string
	for _, e := range sent {
		c.turn++
		e.In.Conn, e.In.Turn, e.In.Life = c.id, c.turn, c.life
		bodies = append(bodies, e.In.request(e.In.ExpRev))
		e.Call = c.rec.tick()
	}
	err := c.conn.Send(bodies...)
	for _, e := range sent {
		if err == nil && e.In.Lose {
			err = errHangUp
		}
		if err == nil {
			e.Out.Reply, err = c.conn.Receive()
		}
		e.Out.Lost = err != nil
		e.Ret = c.rec.tick()
		c.rec.add(e)
		if err != nil {
			lost = append(lost, e)
			continue
		}
		c.answered(e)
	}
	if err != nil {
		c.conn.Close()
		c.conn = nil
	}
	return lost
}

// repeat sends those of the requests that have an id until they are answered.
func (c *client) repeat(lost []*event) error {
	for _, e := range lost {
		again := []*event{e}
		for n := 0; n < retries && len(again) > 0 && e.In.ID != ""; n++ {
			in := *e.In
			in.Lose = false
			if err := c.connect(); err != nil {
				return err
			}
			again = c.exchange([]*event{{In: &in, Out: &output{}}})
		}
	}
	return nil
}

// connect makes sure that there is a connection. While the daemon is down it
// waits for the next.
func (c *client) connect() error {
	for c.conn == nil {
		l := c.lives.Load()
		if err := c.await(l.up); err != nil {
			return err
		}
		conn, err := harness.Dial(c.t, c.daemon.Socket)
		switch {
		case err != nil: // it is dying
			if err := c.await(l.dead); err != nil {
				return err
			}
		case c.lives.Load() != l: // this or the next, who knows
			conn.Close()
		default:
			c.conn, c.id, c.turn, c.life = conn, int(c.conns.Add(1)), 0, l.number
		}
	}
	return nil
}

// await waits until ch is closed.
func (c *client) await(ch <-chan struct{}) error {
	select {
	case <-ch: // not over, where both are true
		return nil
	default:
	}
	select {
	case <-ch:
		return nil
	case <-c.over:
		return errOver
	case <-time.After(harness.Patience):
		return errors.New("the daemon does not answer")
	}
}

// read looks into a file.
func (c *client) read(o op) {
	e := &event{In: &input{op: o, Client: c.number, Conn: -1}, Out: &output{}, Call: c.rec.tick()}
	before := c.readers[o.DB]
	var now *reader
	e.Out.View, now = lookInto(&c.rec, before, o.DB, c.daemon.File(databaseName(o.DB)))
	e.Ret = c.rec.tick()
	c.rec.add(e)
	if now == nil {
		return
	}
	c.readers[o.DB] = now
	if !c.program.Keep {
		c.closeReader(o.DB)
	}
}

func (c *client) closeReader(db int) {
	o := c.readers[db]
	delete(c.readers, db)
	if o == nil {
		return
	}
	if err := o.close(); err != nil {
		c.t.Errorf("close a reader: %v", err)
	}
}

// hangUp ends the connection and the readers.
func (c *client) hangUp() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
	for db := range c.readers {
		c.closeReader(db)
	}
}

// answered does what follows from a reply.
func (c *client) answered(e *event) {
	if r := e.Out.Reply; r.Rev != nil {
		learn(&c.known[e.In.DB], *r.Rev)
	}
	at := c.killAt.Load()
	if n := c.replies.Add(1); at > 0 && n >= at && c.killAt.CompareAndSwap(at, 0) {
		c.killTime <- struct{}{}
	}
}

// learn notes a rev that was told.
func learn(known *atomic.Int64, rev int64) {
	for before := known.Load(); before < rev; before = known.Load() {
		if known.CompareAndSwap(before, rev) {
			return
		}
	}
}

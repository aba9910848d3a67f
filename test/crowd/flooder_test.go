package crowd

import (
	"sync"
	"sync/atomic"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
	"github.com/skylinedb/skylinedb/wire"
)

// flooder is a connection that sends batches without a pause, many more than
// the daemon takes at once, and reads the replies beside that.
type flooder struct {
	l    *ledger
	c    *harness.Conn
	id   int
	body func(row) string // the request for a row

	wg      sync.WaitGroup
	full    atomic.Int64 // refusals with QUEUE_FULL
	stop    atomic.Bool
	flights chan flight // sent and not answered, oldest first
}

// flight is a row that is on its way, and the highest rev when it was sent.
type flight struct {
	row   row
	floor int64
}

// flood starts a flooder that has window batches on their way.
func flood(l *ledger, c *harness.Conn, id, window int, body func(row) string) *flooder {
	f := &flooder{l: l, c: c, id: id, body: body, flights: make(chan flight, window)}
	f.wg.Go(f.send)
	f.wg.Go(f.receive)
	return f
}

// end stops sending and waits for the last reply.
func (f *flooder) end() {
	f.stop.Store(true)
	f.wg.Wait()
}

func (f *flooder) send() {
	defer close(f.flights)
	for n := 0; !f.stop.Load(); n++ {
		r := row{f.id, n}
		f.flights <- flight{r, f.l.floor()} // waits while the window is full
		if err := f.c.Send(f.body(r)); err != nil {
			return // receive tells why
		}
	}
}

// receive reads the replies in order. Where the daemon is killed the rest of
// the window is in doubt.
func (f *flooder) receive() {
	lost := false
	for sent := range f.flights {
		if lost {
			f.l.lose(sent.row)
			continue
		}
		reply, err := f.c.Receive()
		switch {
		case err != nil:
			lost = true
			f.stop.Store(true)
			f.c.Close() // send may be waiting for the socket
			f.l.lose(sent.row)
		case reply.Code == wire.CodeQueueFull:
			f.full.Add(1)
		case reply.Err() != nil:
			tally.Violation(f.l.t, tally.Other, "%s: %v of a flooder was refused: %v", f.l.db, sent.row, reply.Err())
		default:
			f.l.reply(sent.row, sent.floor, reply)
		}
	}
}

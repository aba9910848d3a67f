package crowd

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// quitter is a client that connects, does one thing or another, and hangs up
// in the middle of it.
type quitter struct {
	l    *ledger
	id   int
	rand *rand.Rand
}

// run lives the quitter's life. Where the daemon is not there, or is killed
// meanwhile, it ends earlier.
func (q *quitter) run(t testing.TB, socket string) {
	c, err := harness.Dial(t, socket)
	if err != nil {
		return
	}
	defer c.Close()
	sent := q.rand.IntN(4) * q.rand.IntN(60/slow) // often nothing
	for n := range sent {
		q.l.lose(row{q.id, n}) // unless its reply is read
	}
	if sent > 0 && c.Send(q.l.rows(q.id, sent)...) != nil {
		return
	}
	if _, err := c.Write(q.part()); err != nil {
		return
	}
	for n := range q.rand.IntN(sent + 1) {
		reply, err := c.Receive()
		if err != nil || reply.Err() != nil {
			return
		}
		q.l.reply(row{q.id, n}, q.l.start, reply)
	}
}

// part returns the beginning of a frame: nothing, a part of the header, a part
// of a small request, of a large one, or of one that is larger than may be.
func (q *quitter) part() []byte {
	size := []int{0, 10, 1000, 200 << 10, 17 << 20}[q.rand.IntN(5)]
	if size == 0 {
		return nil
	}
	frame := harness.Frame(strings.Repeat(" ", size))
	return frame[:1+q.rand.IntN(min(len(frame)-1, 300<<10))]
}

// rows returns the requests for n rows of a client.
func (l *ledger) rows(client, n int) (bodies []string) {
	for i := range n {
		bodies = append(bodies, l.batch(row{client, i}))
	}
	return bodies
}

package worker

import (
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// Bounds of a group. All who wait are served by one commit, and none of them
// waits long for the others.
const (
	groupBatches = 512                   // batches
	groupBytes   = 4 << 20               // bytes of requests
	groupTime    = 10 * time.Millisecond // running time, looked at between batches
)

// inGroups reports whether a call is run in a group. A Commit that comes there
// is of a transaction that is over: its record is looked for.
func inGroups(c *Call) bool {
	return c.Req.Type == wire.TypeExecBatch || c.Req.Type == wire.TypeCommit
}

// gather returns the batches of a group: c and those that wait behind it. It
// never waits for more. A call of another kind stays for the next turn.
func (w *Worker) gather(c *Call) []*batch {
	group := appendBatch(nil, c)
	for size := c.size; len(group) < groupBatches && size < groupBytes; {
		select {
		case c := <-w.queue:
			if !inGroups(c) {
				w.next = c
				return group
			}
			size += c.size
			w.inFlight = append(w.inFlight, c)
			group = appendBatch(group, c)
		default:
			return group
		}
	}
	return group
}

// appendBatch adds the batch of c, unless its time has passed. The call can
// still expire until the batch runs: those before it may take long.
func appendBatch(group []*batch, c *Call) []*batch {
	if c.expired(time.Now()) && c.Req.RequestID == "" { // with one it may have been executed before
		c.fail(timedOut("before its turn came; nothing was done"))
		return group
	}
	return append(group, &batch{call: c, req: c.Req, cut: len(c.Req.Stmts)})
}

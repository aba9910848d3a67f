package e2e

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// load is a number of clients that write as fast as they can until the daemon
// refuses or is gone, and remember what was acknowledged.
type load struct {
	t     *testing.T
	wg    sync.WaitGroup
	count atomic.Int64

	mu     sync.Mutex
	acked  map[string]bool // client/n
	ending []*wire.Reply   // the failures with which clients ended
}

// window is how many batches a client of a load sends before it reads.
const window = 8

// startLoad starts clients that write into t of one database.
func startLoad(t *testing.T, d *harness.Daemon, db string, clients int) *load {
	t.Helper()
	l := &load{t: t, acked: map[string]bool{}}
	for client := range clients {
		c := d.Dial()
		l.wg.Go(func() {
			for n := 0; l.round(c, db, client, n); n += window {
			}
		})
	}
	return l
}

// round sends batches and reads their replies; false is the client's end.
func (l *load) round(c *harness.Conn, db string, client, from int) bool {
	var bodies []string
	for n := range window {
		bodies = append(bodies, harness.Batch(db, insertT(client, from+n)))
	}
	sendErr := c.Send(bodies...) // replies may be there all the same
	for n := range window {
		reply, err := c.Receive()
		if err != nil {
			return false
		}
		l.mu.Lock()
		if reply.Err() == nil {
			l.acked[fmt.Sprintf("%d/%d", client, from+n)] = true
			l.count.Add(1)
		} else {
			l.ending = append(l.ending, reply)
		}
		l.mu.Unlock()
		if reply.Err() != nil {
			return false
		}
	}
	return sendErr == nil
}

// await waits until so many batches were acknowledged.
func (l *load) await(n int64) {
	l.t.Helper()
	harness.Await(l.t, "batches are acknowledged", func() bool { return l.count.Load() >= n })
}

// check waits for the clients' end, and checks that every acknowledged batch
// is in the file once, and nothing twice.
func (l *load) check(file string) {
	l.t.Helper()
	l.wg.Wait()
	for _, reply := range l.ending {
		harness.WantCode(l.t, reply, wire.CodeShuttingDown)
		if !*reply.Retryable {
			l.t.Error("SHUTTING_DOWN is not retryable")
		}
	}
	reader := harness.Open(l.t, file, "ro")
	defer reader.Close()
	present := map[string]int{}
	for _, batch := range strings.Split(reader.Text(`SELECT group_concat(client || '/' || n) FROM t`), ",") {
		if present[batch]++; present[batch] > 1 {
			l.t.Errorf("batch %s was executed %d times", batch, present[batch])
		}
	}
	for batch := range l.acked {
		if present[batch] == 0 {
			l.t.Errorf("batch %s was acknowledged and is lost", batch)
		}
	}
}

package hostile

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// What docs/operations.md promises, in bytes.
const (
	sharedRequests = 256 << 20 // large requests, in all
	ownRequests    = 64 << 10  // requests of one connection beside them
	perDatabase    = 256 << 20 // SQLite's memory
)

// decoded is how many times its own size a request takes: its frame, and what
// that is decoded to. The worst are statements that say nothing, {"sql":""},
// 11 bytes that become a wire.Stmt of 48.
const decoded = 6

const (
	gluttons   = 200
	dinners    = 3 // rounds of each
	tables     = 8 // databases that the gluttons use
	goProgram  = 64 << 20
	afterwards = 512 << 20 // far more than a daemon needs that nobody uses
)

// memory reads a line of the process's status, in bytes.
func memory(t *testing.T, d *harness.Daemon, line string) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.PID()))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(status, []byte(line+":"))
	var kib int64
	if _, err := fmt.Sscan(string(rest), &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// Clients that want all the memory they can get, two hundred of them, get what
// the documents say and no more; a polite client is served throughout, and
// when they are gone the memory is given back.
func TestMemoryIsBounded(t *testing.T) {
	requests := int64(decoded * (sharedRequests + (gluttons+1)*ownRequests))
	bound := requests + (tables+1)*perDatabase + goProgram
	// The collector lets the heap grow to a multiple of what is in use, unless
	// it is told the bound.
	d := harness.Start(t, harness.Config{Env: []string{fmt.Sprintf("GOMEMLIMIT=%d", requests)}})
	p := newPolite(t, d)
	t.Cleanup(p.stop)
	p.start()

	var wg sync.WaitGroup
	var served atomic.Int64
	for i := range gluttons {
		g := &glutton{t: t, d: d, db: fmt.Sprintf("glutton%d.db", i%tables), n: i, served: &served}
		wg.Go(func() {
			for range dinners {
				g.dine()
			}
		})
	}
	wg.Wait()
	if served.Load() == 0 {
		t.Error("not one of the gluttons was ever answered")
	}
	p.await(20) // it goes on, with all of them gone
	peak := memory(t, d, "VmHWM")
	t.Logf("at most %d MiB of %d, %d gluttonous and %d polite requests answered", peak>>20, bound>>20, served.Load(), p.acked.Load())
	if peak > bound {
		t.Errorf("the daemon took %d bytes, more than the bound of %d", peak, bound)
	}

	c := d.Dial()
	for i := range tables {
		c.OK(harness.Command(wire.TypeCloseDatabase, fmt.Sprintf("glutton%d.db", i)))
	}
	garbage := `{"type":"Ping","id":"` + strings.Repeat("x", wire.MaxID-2) + `"}`
	harness.Await(t, "the memory is given back", func() bool {
		c.OK(garbage) // the collector does not run where nobody asks for memory
		return memory(t, d, "VmRSS") < afterwards
	})
	p.stop()
	p.check()
}

// glutton is a client that wants memory.
type glutton struct {
	t      *testing.T
	d      *harness.Daemon
	db     string
	n      int
	served *atomic.Int64
}

// dine connects and makes the daemon hold as much as it can, in the way that
// is this one's.
func (g *glutton) dine() {
	c, err := harness.Dial(g.t, g.d.Socket)
	if err != nil {
		return // the daemon is gone: the polite client will tell
	}
	defer c.Close()
	// It is gone before the daemon's patience with it is over.
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return
	}
	switch g.n % 6 {
	case 0:
		g.trickle(c)
	case 1:
		g.flood(c)
	default:
		g.ask(c)
	}
}

// trickle announces the largest frame, and sends it byte by byte.
func (g *glutton) trickle(c *harness.Conn) {
	_, err := c.Write(append([]byte{0, 0, 0, 1}, make([]byte, 1<<20)...))
	for err == nil {
		_, err = c.Write([]byte{' '})
	}
}

// flood sends requests and reads no reply.
func (g *glutton) flood(c *harness.Conn) {
	bodies := []string{g.body(4), `{"type":"Ping","id":"` + strings.Repeat("x", 200<<10) + `"}`, g.body(5), g.body(7)}
	for i := 0; c.Send(bodies[i%len(bodies)]) == nil; i++ {
	}
}

// ask sends requests that are large once they are decoded, and reads the replies.
func (g *glutton) ask(c *harness.Conn) {
	for i := range 12 {
		if _, err := c.Try(g.body(g.n + i)); err != nil {
			return
		}
		g.served.Add(1)
	}
}

// body returns a request that is larger than it looks.
func (g *glutton) body(kind int) string {
	repeat := strings.Repeat
	batch := func(rest string) string { return `{"type":"ExecBatch","db":"` + g.db + `","timeout_ms":2000,` + rest + `}` }
	switch kind % 10 {
	case 0: // statements that say nothing
		return batch(`"stmts":[` + repeat(`{"sql":""},`, wire.MaxStmts-1) + `{"sql":""}]`)
	case 1: // a JSON bomb
		return batch(`"x":` + repeat(`[`, 4<<20))
	case 2: // a million names
		return batch(`"stmts":[{"sql":"SELECT ?","params":[{` + repeat(`"k":1,`, 1_000_000) + `"k":1}]}]`)
	case 3: // a parameter of the largest size
		return batch(`"stmts":[{"sql":"SELECT ?","params":["` + repeat(`x`, 15<<20) + `"]}]`)
	case 4: // SQL that the cache could keep
		var b strings.Builder
		for i := range 100 {
			fmt.Fprintf(&b, `{"sql":"SELECT %d, '%s'"},`, g.n*1000+i, repeat(`y`, 15<<10))
		}
		return batch(`"stmts":[` + b.String() + `{"sql":"SELECT 1"}]`)
	case 5: // the longest ids
		return batch(`"request_id":"` + repeat("r", wire.MaxRequestID) + `","forget":[` + repeat(`"f",`, wire.MaxForget-1) + `"f"],"stmts":[{"sql":"SELECT 1"}]`)
	case 6: // what SQLite makes large
		return batch(`"stmts":[{"sql":"SELECT length(json_group_array(hex(randomblob(100)))) FROM generate_series(1, 1000000)"}]`)
	case 7:
		return batch(`"stmts":[{"sql":"SELECT randomblob(30000000), randomblob(30000000), '` + repeat(`\u0001`, 1<<20) + `'"}]`)
	case 8: // a name
		return `{"type":"Ping","db":"` + repeat(`./`, 1<<20) + `x"}`
	default: // an id that comes back longer
		return `{"type":"Nothing","id":["` + repeat("\u2028<", 200_000) + `"]}`
	}
}

package hostile

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

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
	gluttons   = 200 / slow
	holders    = gluttons / 10      // hold what they can get until the others are done
	askers     = gluttons - holders // ask for something large and go
	tables     = 8                  // databases that the gluttons use
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

// Clients that want all the memory they can get, two hundred at a time, get
// what the documents say and no more; a polite client is served throughout,
// and when they are gone the memory is given back.
func TestMemoryIsBounded(t *testing.T) {
	requests := int64(decoded * (sharedRequests + (gluttons+2)*ownRequests))
	bound := requests + (tables+1)*perDatabase + goProgram
	// The collector lets the heap grow to a multiple of what is in use, unless
	// it is told the bound.
	d := harness.Start(t, harness.Config{Env: []string{fmt.Sprintf("GOMEMLIMIT=%d", requests)}})
	p := newPolite(t, d)
	t.Cleanup(p.stop)
	p.start()

	announce(t, d, d.Dial())
	p.await(20)
	answered := dine(t, d)
	p.await(20)
	peak := memory(t, d, "VmHWM")
	t.Logf("at most %d MiB of %d, with %d gluttonous and %d polite requests answered", peak>>20, bound>>20, answered, p.acked.Load())
	if peak > bound {
		t.Errorf("the daemon took %d bytes, more than the bound of %d", peak, bound)
	}

	c := d.Dial()
	for i := range tables {
		c.OK(harness.Command(wire.TypeCloseDatabase, table(i)))
	}
	large := `{"type":"Ping","id":"` + strings.Repeat("x", wire.MaxID-2) + `"}`
	harness.Await(t, "the memory is given back", func() bool {
		c.OK(large) // the collector does not run where nobody asks for memory
		return memory(t, d, "VmRSS") < afterwards
	})
	p.stop()
	p.check()
}

func table(n int) string { return fmt.Sprintf("glutton%d.db", n%tables) }

// announce has all of them announce the largest frame at once and send one
// byte of it, which costs the daemon next to nothing.
func announce(t *testing.T, d *harness.Daemon, c *harness.Conn) {
	t.Helper()
	var conns []*harness.Conn
	for range gluttons {
		g := d.Dial()
		if _, err := g.Write([]byte{0, 0, 0, 1, '{'}); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, g)
	}
	harness.Await(t, "all have connected", func() bool { return c.Status().Connections >= gluttons })
	if peak := memory(t, d, "VmHWM"); peak > gluttons*ownRequests+2*goProgram {
		t.Errorf("%d announcements took %d bytes", gluttons, peak)
	}
	for _, g := range conns {
		g.Close()
	}
}

// dine has some hold what they can get until the others have had their answers.
func dine(t *testing.T, d *harness.Daemon) (answered int64) {
	t.Helper()
	var holding, asking sync.WaitGroup
	var n atomic.Int64
	over := make(chan struct{})
	for i := range holders {
		holding.Go(func() {
			for again := true; again; {
				again = hold(t, d, i, over)
			}
		})
	}
	for i := range askers {
		asking.Go(func() {
			if ask(t, d, i) {
				n.Add(1)
			}
		})
	}
	asking.Wait()
	close(over)
	holding.Wait()
	return n.Load()
}

// hold connects and makes the daemon hold what it can, until the daemon has
// enough of it or it is over. It reports whether to connect again.
func hold(t *testing.T, d *harness.Daemon, n int, over <-chan struct{}) bool {
	c, err := harness.Dial(t, d.Socket)
	if err != nil {
		t.Errorf("a holder cannot connect: %v", err)
		return false
	}
	var closer sync.WaitGroup
	ended := make(chan struct{})
	closer.Go(func() {
		select {
		case <-over:
		case <-ended:
		}
		c.Close()
	})
	if n%5 == 0 {
		trickle(c)
	} else {
		flood(c, n)
	}
	close(ended)
	closer.Wait()
	select {
	case <-over:
		return false
	default:
		return true
	}
}

// trickle announces the largest frame and sends it byte by byte.
func trickle(c *harness.Conn) {
	_, err := c.Write(append([]byte{0, 0, 0, 1}, make([]byte, 1<<20)...))
	for err == nil {
		_, err = c.Write([]byte{' '})
	}
}

// flood sends requests and reads no reply.
func flood(c *harness.Conn, n int) {
	bodies := []string{`{"type":"Ping","id":"` + strings.Repeat("x", 200<<10) + `"}`, glutton(n, 4), glutton(n, 0), glutton(n, 5)}
	for i := 0; c.Send(bodies[i%len(bodies)]) == nil; i++ {
	}
}

// ask sends a request that is large once it is decoded or done, and reports
// whether it was answered. On a busy machine it may be too slow for a daemon
// whose room others wait for.
func ask(t *testing.T, d *harness.Daemon, n int) bool {
	c, err := harness.Dial(t, d.Socket)
	if err != nil {
		t.Errorf("an asker cannot connect: %v", err)
		return false
	}
	defer c.Close()
	_, err = c.Try(glutton(n, n))
	return err == nil
}

// glutton returns a request that is larger than it looks.
func glutton(n, kind int) string {
	repeat := strings.Repeat
	batch := func(rest string) string {
		return `{"type":"ExecBatch","db":"` + table(n) + `","timeout_ms":2000,` + rest + `}`
	}
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
			fmt.Fprintf(&b, `{"sql":"SELECT %d, '%s'"},`, n*1000+i, repeat(`y`, 15<<10))
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
	default: // an id that comes back
		return `{"type":"Nothing","id":["` + repeat("\u2028<", 200_000) + `"]}`
	}
}

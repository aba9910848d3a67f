package crowd

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// What the documents say a daemon's memory is made of (docs/performance.md),
// in KiB.
const (
	memoryOfDaemon     = 9 << 10
	memoryOfConnection = 18
	memoryOfDatabase   = 445
)

// status returns a number of /proc/PID/status.
func status(t *testing.T, pid int, field string) (n int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n"+field+":")
	if _, err := fmt.Sscan(after, &n); !found || err != nil {
		t.Fatalf("%s is not in %s: %v", field, text, err)
	}
	return n
}

// files returns how many files a process has open.
func files(t *testing.T, pid int) int {
	t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// checkMemory checks that so many connections and open databases, after they
// have worked, take no more than twice the memory that is documented.
func checkMemory(t *testing.T, d *harness.Daemon, conns, dbs int) {
	t.Helper()
	got, limit := status(t, d.PID(), "VmRSS"), 2*(memoryOfDaemon+conns*memoryOfConnection+dbs*memoryOfDatabase)
	t.Logf("%d KiB are resident, %d at the highest", got, status(t, d.PID(), "VmHWM"))
	if slow == 1 && got > limit { // the race detector has memory of its own
		t.Errorf("%d KiB are resident, want %d at the most", got, limit)
	}
}

// When a crowd has gone, whose clients have left in every state, and its
// databases are closed for idleness, the daemon has as many files open as
// before it came. (That it has as many goroutines is seen in its own process,
// by the tests of internal/router.)
func TestNothingLeft(t *testing.T) {
	d := harness.Start(t, harness.Config{Flags: []string{"--worker-idle=200ms"}})
	r := &round{t: t, rand: rand.New(rand.NewPCG(1, 1)), d: d}
	r.mix = mix{dbs: 20, clients: 20 / slow, batches: 10, flooders: 3, quitters: 10 / slow}
	c := d.Dial()
	harness.Await(t, "this one is the only connection", func() bool { return c.Status().Connections == 1 })
	before := files(t, d.PID())
	r.ledgers = newLedgers(t, c, r.dbs)
	r.run()
	t.Logf("%d files were open before the crowd, %d with it", before, files(t, d.PID()))
	for _, f := range r.floods {
		f.c.Close()
	}
	for _, p := range r.programs {
		p.Close() // once more when the test ends, where its error counts
	}
	harness.Await(t, "the databases are closed", func() bool { return c.Status().Workers == 0 })
	harness.Await(t, "the files are closed", func() bool { return files(t, d.PID()) <= before })
	checkFiles(t, d.Dir, r.ledgers)
}

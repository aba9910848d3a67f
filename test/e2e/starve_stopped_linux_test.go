package e2e

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// stop halts the daemon, as a debugger or a full machine does. The function
// that it returns lets it go on, as does the end of the test.
func stop(t *testing.T, d *harness.Daemon) (goOn func()) {
	t.Helper()
	send := func(s syscall.Signal) {
		if err := syscall.Kill(d.PID(), s); err != nil {
			t.Errorf("send the signal %v: %v", s, err)
		}
	}
	goOn = sync.OnceFunc(func() { send(syscall.SIGCONT) })
	t.Cleanup(goOn) // before the daemon is asked to end
	send(syscall.SIGSTOP)
	harness.Await(t, "every thread has stopped", func() bool { return stopped(t, d.PID()) })
	return goOn
}

// stopped reports whether no thread of a process runs.
func stopped(t *testing.T, pid int) bool {
	t.Helper()
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid)) // fails for a bad pattern only
	for _, file := range files {
		// The state follows the name, which is in brackets.
		if _, rest, _ := strings.Cut(readFile(t, file), ") "); !strings.HasPrefix(rest, "T") {
			return false
		}
	}
	return len(files) > 0
}

// impatient is a program that gives each try of a batch a moment, and tries
// again with the same request id until it learns the outcome.
type impatient struct {
	t      *testing.T
	c      *client.Client
	name   int
	done   atomic.Int64 // batches that were acknowledged
	gaveUp atomic.Int64 // tries
	again  int          // batches whose outcome came from the record
}

func (p *impatient) run(ended *atomic.Bool) {
	for n := 0; !ended.Load() && !p.t.Failed(); n++ {
		if !p.batch(n) {
			return
		}
		p.done.Add(1)
	}
}

// batch adds row n, and reports whether it is known to be there.
func (p *impatient) batch(n int) bool {
	for {
		ctx, cancel := context.WithTimeout(p.t.Context(), 250*time.Millisecond)
		res, err := p.c.ExecBatch(ctx, client.Batch{
			DB: "a.db", Stmts: []client.Stmt{client.SQL(insertT(p.name, n))}, RequestID: fmt.Sprintf("%d/%d", p.name, n),
		})
		cancel()
		switch {
		case err == nil && res.Replayed:
			p.again++
			return true
		case err == nil:
			return true
		case client.ErrorCode(err) != wire.CodeUnavailable || !errors.Is(err, context.DeadlineExceeded):
			p.t.Errorf("client %d, batch %d: %v; want UNAVAILABLE for the end of its time", p.name, n, err)
			return false
		}
		p.gaveUp.Add(1)
	}
}

// Clients of a daemon that is stopped get their errors when their time is up,
// and when it goes on, what they ask again is not done twice.
func TestStoppedDaemon(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	var ended atomic.Bool
	var wg sync.WaitGroup
	defer wg.Wait()
	defer ended.Store(true)
	var programs []*impatient
	for name := range 4 {
		p := &impatient{t: t, name: name, c: harness.OpenClient(t, client.Options{Socket: d.Socket, Dir: d.Dir, NoAutostart: true})}
		programs = append(programs, p)
		wg.Go(func() { p.run(&ended) })
	}
	all := func(what string, count func(*impatient) *atomic.Int64, more int64) {
		var from []int64
		for _, p := range programs {
			from = append(from, count(p).Load())
		}
		harness.Await(t, what, func() bool {
			for i, p := range programs {
				if count(p).Load() < from[i]+more && !t.Failed() {
					return false
				}
			}
			return true
		})
	}
	done, gaveUp := func(p *impatient) *atomic.Int64 { return &p.done }, func(p *impatient) *atomic.Int64 { return &p.gaveUp }
	for range 3 {
		all("batches are acknowledged", done, 10)
		goOn := stop(t, d)
		all("clients give up", gaveUp, 2)
		goOn()
	}
	all("batches are acknowledged", done, 10)
	ended.Store(true)
	wg.Wait()
	var batches []int
	for _, p := range programs {
		batches = append(batches, int(p.done.Load()))
		t.Logf("%d batches, %d tries were given up, %d batches were replayed", p.done.Load(), p.gaveUp.Load(), p.again)
	}
	wantOnce(t, d.File("a.db"), batches)
	c.OK(harness.Command(wire.TypePing, "a.db"))
}

// A daemon that is stopped is still the daemon: nobody starts a second one.
func TestStoppedDaemonIsNotReplaced(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	goOn := stop(t, d)
	o := client.Options{Socket: d.Socket, Dir: d.Dir, Daemon: harness.DaemonProgram(t)}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := harness.OpenClient(t, o).Ping(ctx); client.ErrorCode(err) != wire.CodeUnavailable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a client says %v, want UNAVAILABLE for the end of its time", err)
	}
	sh := shell{t: t, socket: d.Socket, dir: d.Dir, env: []string{"SKYLINEDB_DAEMON=" + o.Daemon}}
	if got := sh.run("--wait=300ms", "exec", "--db=a.db", insertT(1, 1)); got.Status != 1 || got.Out != "" || !strings.HasPrefix(got.Err, "✗ Error: ") {
		t.Errorf("the command line client: %+v, want status 1 and a sentence", got)
	}
	if log := harness.StartedLog(t, o); log != "" {
		t.Errorf("a daemon was started:\n%s", log)
	}
	status, says := harness.RunToEnd(t, harness.Config{Socket: d.Socket, Dir: d.Dir})
	if status != 1 || !strings.Contains(says, "another daemon instance is already running") {
		t.Errorf("a second daemon: status %d and %q", status, says)
	}
	if err := c.Send(harness.Batch("a.db", insertT(2, 1))); err != nil {
		t.Fatal(err)
	}
	goOn()
	if err := c.Reply().Err(); err != nil {
		t.Errorf("what was sent meanwhile: %v", err)
	}
	c.OK(harness.Batch("a.db", insertT(2, 2)))
}

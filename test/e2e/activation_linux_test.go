package e2e

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/test/activator"
	"github.com/skylinedb/skylinedb/test/harness"
)

// activated holds a socket by the units of the package, for clients that start
// no daemon.
func activated(t *testing.T, env ...string) (*activator.Activator, client.Options) {
	t.Helper()
	home := harness.Dir(t)
	o := client.Options{Socket: filepath.Join(home, "s"), NoWait: true}
	a := activator.Start(t, activator.Config{
		Units: filepath.Join("..", "..", "packaging", "systemd"), Home: home,
		Socket: o.Socket, Program: harness.DaemonProgram(t), Env: env,
	})
	o.Dir = a.Dir()
	return a, o
}

// The first client starts the daemon, in the directory of the unit, and the
// next one after its end by Shutdown, by SIGTERM and by kill -9. The socket
// stays, and no client sees an end.
func TestActivated(t *testing.T) {
	t.Parallel()
	a, o := activated(t)
	if a.Starts() != 0 {
		t.Error("a daemon was started for nobody")
	}
	c := harness.OpenClient(t, o)
	must[client.Result](t)(c.Exec(patient(t), "a.db", client.SQL(createT)))
	ends := []func(){
		func() {
			if err := c.Shutdown(patient(t)); err != nil {
				t.Error(err)
			}
		},
		func() { terminate(t, a.PID()) },
		func() { harness.KillProcess(t, a.PID()) },
	}
	for n, end := range ends {
		if got := a.Starts(); got != n+1 {
			t.Errorf("%d daemons were started, want %d", got, n+1)
		}
		end()
		harness.Await(t, "the daemon has ended", func() bool { return a.Ends() == n+1 })
		must[client.Result](t)(c.Exec(patient(t), "a.db", client.SQL(insertT(1, n))))
		if !exists(t, o.Socket) {
			t.Error("the socket has gone")
		}
	}
	reader := harness.Open(t, filepath.Join(o.Dir, "a.db"), "ro")
	defer reader.Close()
	if n := reader.Int(`SELECT count(DISTINCT n) FROM t`); n != int64(len(ends)) {
		t.Errorf("there are %d rows, want %d", n, len(ends))
	}
}

// Clients come while one daemon after the other ends for idleness. None is
// refused or sees an error, and none is served twice.
func TestActivatedIdleEnds(t *testing.T) {
	t.Parallel()
	a, o := activated(t, "SKYLINEDB_ROUTER_IDLE=1ms", "SKYLINEDB_WORKER_IDLE=1ms")
	if err := writeOnce(o, createT); err != nil {
		t.Fatal(err)
	}
	const rounds, clients = 8, 4
	for round := range rounds {
		// They come when it is about to end, or has ended.
		harness.Await(t, "the end begins", func() bool {
			return strings.Count(a.Log(), "idle: ending") > round && (round%2 == 0 || a.Ends() > round)
		})
		var wg sync.WaitGroup
		for n := range clients {
			wg.Go(func() {
				if err := writeOnce(o, insertT(n, round)); err != nil {
					t.Errorf("client %d, round %d: %v", n, round, err)
				}
			})
		}
		wg.Wait()
	}
	if got := a.Starts(); got != rounds+1 {
		t.Errorf("%d daemons were started, want one for each round", got)
	}
	reader := harness.Open(t, filepath.Join(o.Dir, "a.db"), "ro")
	defer reader.Close()
	if n := reader.Int(`SELECT count(*) FROM (SELECT DISTINCT client, n FROM t)`); n != rounds*clients || reader.Int(`SELECT count(*) FROM t`) != n {
		t.Errorf("there are %d different rows, want %d, each once", n, rounds*clients)
	}
}

// writeOnce writes on a connection of its own.
func writeOnce(o client.Options, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), harness.Patience)
	defer cancel()
	c, err := client.Open(o)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, "a.db", client.SQL(sql))
	return errors.Join(err, c.Close())
}

func terminate(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Signal(os.Interrupt)
	}
	if err != nil {
		t.Fatal(err)
	}
}

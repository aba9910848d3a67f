package e2e

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/test/harness"
)

// makeT makes the database of a test whose daemon does not run yet.
func makeT(t *testing.T, o client.Options, db string, tables ...string) {
	t.Helper()
	maker := harness.Open(t, filepath.Join(o.Dir, db), "rwc")
	for _, table := range tables {
		maker.Exec(`CREATE TABLE ` + table + `(client INTEGER, n INTEGER)`)
	}
	maker.Close()
}

// Twenty processes that need a daemon at once start one, and all are served.
func TestTwentyClientsStartOneDaemon(t *testing.T) {
	t.Parallel()
	o := harness.Autostart(t)
	makeT(t, o, "a.db", "t")
	writers := startWriters(t, 20, writerConfig{
		Socket: o.Socket, Dir: o.Dir, Daemon: o.Daemon, DB: "a.db", Tables: []string{"t"}, Batches: 2,
	})
	for _, w := range writers {
		w.Tell("go")
	}
	for _, w := range writers {
		w.Line()
		w.Line()
		if status := w.Wait(); status != 0 {
			t.Errorf("a client ended with status %d: %s", status, w.Output())
		}
	}
	wantOneDaemon(t, o)
	reader := harness.Open(t, filepath.Join(o.Dir, "a.db"), "ro")
	if n := reader.Int(`SELECT count(*) FROM t`); n != 40 {
		t.Errorf("there are %d rows, want 40", n)
	}
}

// wantOneDaemon checks that one daemon was started, and not others that found it
// there.
func wantOneDaemon(t *testing.T, o client.Options) {
	t.Helper()
	log := harness.StartedLog(t, o)
	if n := strings.Count(log, "msg=listening"); n != 1 || strings.Contains(log, "already running") {
		t.Errorf("%d daemons have listened:\n%s", n, log)
	}
}

// Clients that arrive just as the daemon ends for idleness see nothing of it:
// those with a connection that stands open, and those who come anew.
func TestArrivalAtIdleEnd(t *testing.T) {
	t.Parallel()
	o := harness.Autostart(t, "--worker-idle=1ms", "--router-idle=200ms")
	makeT(t, o, "a.db", "t")
	rows := 0
	for round := range 9 {
		standing := harness.OpenClient(t, o)
		clients := []*client.Client{standing, harness.OpenClient(t, o), harness.OpenClient(t, o)}
		write(t, standing)
		if round%3 > 0 { // nobody is left
			standing.Close()
			clients = clients[1:]
		}
		harness.Await(t, "the end begins", func() bool { return !harness.Listening(t, o.Socket) })
		for range round * 20 {
			harness.Listening(t, o.Socket) // takes a moment, another one in each round
		}
		var wg sync.WaitGroup
		for _, c := range clients {
			wg.Go(func() { write(t, c) })
		}
		wg.Wait()
		rows += 1 + len(clients)
		for _, c := range clients {
			c.Close()
		}
	}
	reader := harness.Open(t, filepath.Join(o.Dir, "a.db"), "ro")
	if n := reader.Int(`SELECT count(*) FROM t`); n != int64(rows) {
		t.Errorf("there are %d rows, want %d", n, rows)
	}
	log := harness.StartedLog(t, o)
	t.Logf("%d daemons have listened, %d have ended for idleness, %d ends were called off",
		strings.Count(log, "msg=listening"), strings.Count(log, "idle: ending"), strings.Count(log, "a request came: not ending"))
}

func write(t *testing.T, c *client.Client) {
	t.Helper()
	if _, err := c.Exec(patient(t), "a.db", client.SQL(insertT(1, 1))); err != nil {
		t.Error(err)
	}
}

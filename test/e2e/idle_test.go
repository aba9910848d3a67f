package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// A worker that has nothing to do lets its database go, and the daemon stays.
func TestWorkerIdleEnd(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{Flags: []string{"--worker-idle=1ms"}}, "a.db")
	for n := range 10 {
		reply := c.OK(harness.Batch("a.db", insertT(1, n)))
		harness.Await(t, "the worker ends", func() bool { return !c.Database("a.db").Worker })
		harness.Await(t, "the log is gone", func() bool { return !exists(t, d.File("a.db-wal")) })
		if row := c.Database("a.db"); row.Rev != *reply.Rev || row.Batches != int64(n)+2 || row.WALBytes != 0 {
			t.Errorf("Status says %+v after %d batches up to rev %d", row, n+2, *reply.Rev)
		}
	}
	wantCount(t, d, "a.db", 10)
}

// dialStarted makes a Go client write into t of a database, which it makes if
// need be, and connects to the daemon that the client has started or found.
func dialStarted(t *testing.T, o client.Options, db string) *harness.Conn {
	t.Helper()
	c := harness.OpenClient(t, o)
	var raw *harness.Conn
	harness.Await(t, "a connection before the daemon ends", func() bool {
		if _, err := c.Exec(patient(t), db, client.SQL(`CREATE TABLE IF NOT EXISTS t(client INTEGER, n INTEGER)`), client.SQL(insertT(1, 1))); err != nil {
			t.Fatal(err)
		}
		var err error
		if raw, err = harness.Dial(t, o.Socket); err != nil {
			return false
		}
		_, err = raw.Try(harness.Command(wire.TypeStatus, ""))
		return err == nil
	})
	return raw
}

// wantIdleEnd waits until the daemon has ended and checks what it left.
func wantIdleEnd(t *testing.T, o client.Options, db string) {
	t.Helper()
	harness.AwaitNoDaemon(t, o)
	if log := harness.StartedLog(t, o); !strings.Contains(log, "idle: ending") {
		t.Errorf("the daemon did not end for idleness:\n%s", log)
	}
	wantGone(t, o.Socket)
	wantGone(t, filepath.Join(o.Dir, db+"-wal"))
}

// A daemon without use ends and closes connections that merely stand open.
func TestRouterIdleEnd(t *testing.T) {
	t.Parallel()
	o := harness.Autostart(t, "--worker-idle=20ms", "--router-idle=200ms")
	c := dialStarted(t, o, "a.db")
	c.WantEnd()
	wantIdleEnd(t, o, "a.db")
}

// A daemon that nobody needs ends well.
func TestIdleEndWithoutClients(t *testing.T) {
	t.Parallel()
	if status, says := harness.RunToEnd(t, harness.Config{Flags: []string{"--router-idle=1ms"}}); status != 0 || !strings.Contains(says, "idle: ending") {
		t.Errorf("got status %d and %s", status, says)
	}
}

// A daemon whose worker lives is in use, even if nobody asks it anything: it
// outlives one that came later and has the same patience.
func TestWorkerKeepsDaemon(t *testing.T) {
	t.Parallel()
	const idle = "--router-idle=200ms"
	o := harness.Autostart(t, "--worker-idle=0", idle)
	c := dialStarted(t, o, "a.db")
	pid := c.Status().PID
	harness.RunToEnd(t, harness.Config{Flags: []string{idle}})
	if now := c.Status().PID; now != pid {
		t.Fatalf("daemon %d ended while its worker lived, and daemon %d came", pid, now)
	}
	c.OK(harness.Batch("a.db", insertT(1, 2)))
}

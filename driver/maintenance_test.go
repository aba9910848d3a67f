package driver

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// make makes a database file that the daemon has not seen.
func makeFile(t *testing.T, path string, sql string) {
	t.Helper()
	db, err := sqlite3.OpenFlags(path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(sql); err != nil {
		t.Fatal(err)
	}
}

// An app's readers never keep its file from being replaced, require_exclusive
// included, and go on with the new one, as its writers do.
func TestReplaced(t *testing.T) {
	d, db := usual(t)
	exec(t, db, insertT, "0")
	c := d.Dial()
	const readers = 4
	var all sync.WaitGroup
	var stop atomic.Bool
	for range readers {
		all.Go(func() {
			last := -1
			for !stop.Load() {
				var n int
				if err := db.QueryRow(`SELECT s FROM t`).Scan(&n); err != nil || n < last {
					t.Errorf("after %d: %d, %v", last, n, err)
					return
				}
				last = n
			}
		})
	}
	for i := 1; i <= 10; i++ {
		c.OK(harness.Command(wire.TypePrepareForMaintenance, "app.db"))
		closeExclusively(t, c)
		next := filepath.Join(d.Dir, "next.db")
		makeFile(t, next, fmt.Sprintf(`CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT UNIQUE); INSERT INTO t(s) VALUES('%d')`, 10*i))
		if err := os.Rename(next, d.File("app.db")); err != nil {
			t.Fatal(err)
		}
		c.OK(harness.Command(wire.TypeReopenDatabase, "app.db"))
		exec(t, db, `UPDATE t SET s = s + 1`)
		wantT(t, db, fmt.Sprint(10*i+1))
	}
	stop.Store(true)
	all.Wait()
}

// closeExclusively closes the database when no reader is left, which the
// preparation has asked to go.
func closeExclusively(t *testing.T, c *harness.Conn) {
	t.Helper()
	harness.Await(t, "the readers let go", func() bool {
		reply := c.Ask(harness.With(harness.Command(wire.TypeCloseDatabase, "app.db"), "require_exclusive", true))
		if reply.Status != "ok" && reply.Code != wire.CodeReadersRemain {
			t.Fatal(reply.Err())
		}
		return reply.Status == "ok"
	})
}

// While the database is closed a read waits, and a write is told.
func TestClosed(t *testing.T) {
	d, db := usual(t)
	exec(t, db, insertT, "a")
	c := d.Dial()
	c.OK(harness.Command(wire.TypeCloseDatabase, "app.db"))
	_, err := db.Exec(insertT, "b")
	wantCode(t, err, wire.CodeDatabaseClosed)
	_, err = db.Begin()
	wantCode(t, err, wire.CodeDatabaseClosed)
	done := make(chan error)
	go func() {
		var s string
		done <- db.QueryRow(`SELECT s FROM t`).Scan(&s)
	}()
	c.OK(harness.Command(wire.TypeReopenDatabase, "app.db"))
	check(t, <-done, 0, 0)
}

// An older copy of the file, which has its epoch and a lower rev, is read as it
// is: what was written to the other is not waited for.
func TestOlderCopy(t *testing.T) {
	d, db := usual(t, "events", "0")
	exec(t, db, insertT, "a")
	c := d.Dial()
	c.OK(harness.Command(wire.TypeCloseDatabase, "app.db"))
	copied, err := os.ReadFile(d.File("app.db"))
	check(t, err, 0, 0)
	c.OK(harness.Command(wire.TypeReopenDatabase, "app.db"))
	exec(t, db, insertT, "b")
	wantT(t, db, "a", "b")
	c.OK(harness.Command(wire.TypeCloseDatabase, "app.db"))
	check(t, os.WriteFile(d.File("old.db"), copied, 0o600), 0, 0)
	ostest.Replace(t, d.File("old.db"), d.File("app.db")) // nothing tells the readers to let go of it
	c.OK(harness.Command(wire.TypeReopenDatabase, "app.db"))
	wantT(t, db, "a")
	exec(t, db, insertT, "c")
	wantT(t, db, "a", "c")
}

// Reading needs no daemon, and writing goes on with the next one.
func TestNoDaemon(t *testing.T) {
	d, db := usual(t)
	exec(t, db, insertT, "a")
	d.Crash()
	wantT(t, db, "a")
	other := openDB(t, name(d, "app.db"))
	tx := begin(t, other, &sql.TxOptions{ReadOnly: true})
	wantT(t, tx, "a")
	check(t, tx.Commit(), 0, 0)
	done := make(chan error)
	go func() {
		_, err := other.Exec(insertT, "b")
		done <- err
	}()
	d.Restart()
	check(t, <-done, 0, 0)
	wantT(t, db, "a", "b")
}

// A transaction whose daemon is killed is lost, and says so.
func TestTransactionLost(t *testing.T) {
	d, db := usual(t)
	tx := begin(t, db, nil)
	exec(t, tx, insertT, "a")
	d.Crash()
	d.Restart()
	_, err := tx.Exec(insertT, "b")
	wantCode(t, err, wire.CodeTxExpired)
	tx.Rollback()
	exec(t, db, insertT, "c")
	wantT(t, db, "c")
}

// Without a directory the daemon is asked for it, and started if need be.
func TestAutostart(t *testing.T) {
	o := harness.Autostart(t)
	t.Setenv("SKYLINEDB_SOCKET", o.Socket)
	t.Setenv("SKYLINEDB_DAEMON", o.Daemon)
	db, err := sql.Open(Name, "app.db?dir="+o.Dir)
	check(t, err, 0, 0)
	exec(t, db, `CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT)`)
	asked, err := sql.Open(Name, "app.db")
	check(t, err, 0, 0)
	exec(t, asked, insertT, "a")
	wantT(t, asked, "a")
	wantT(t, db, "a")
	check(t, db.Close(), asked.Close(), error(nil))
}

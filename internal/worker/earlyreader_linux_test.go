package worker

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"golang.org/x/sys/unix"

	"github.com/skylinedb/skylinedb/wire"
)

// replace renames another database over the file, with the row 'other' in it,
// and waits until the file system gives a new file a later time than that.
func (h *harness) replace() {
	h.t.Helper()
	h.swap()
	probe := filepath.Join(h.t.TempDir(), "probe")
	for later := false; !later; {
		if err := os.WriteFile(probe, nil, 0o600); err != nil {
			h.t.Fatal(err)
		}
		later = changed(h.t, probe).After(changed(h.t, h.file))
		if err := os.Remove(probe); err != nil {
			h.t.Fatal(err)
		}
	}
}

// A reader who opens the new file before it is reopened, with an index of its
// own, stays, and sees what is written then.
func TestReopenBesideAReaderOfTheNewFile(t *testing.T) {
	h := serving(t)
	h.wantOutcome(closeDB, "closed ok")
	h.replace()
	reader := openReader(t, h.file)
	reader.query(`SELECT * FROM t`)
	h.wantOutcome(reopen, "reopened ok")
	h.ok(batchOf(`INSERT INTO t VALUES('more')`))
	if got := reader.query(`SELECT a FROM t`); got != "other more" {
		t.Errorf("the reader sees %q, want other more", got)
	}
	h.stop()
	if got := reader.query(`SELECT a FROM t`); got != "other more" {
		t.Errorf("the reader sees %q when the daemon has let go, want other more", got)
	}
}

// A reader of the old file shares its index with one of the new file: neither
// may be written to.
func TestReopenBesideReadersOfBothFiles(t *testing.T) {
	h := serving(t)
	h.wantOutcome(closeDB, "closed ok")
	old := openReader(t, h.file)
	old.query(`SELECT * FROM t`)
	h.replace()
	reader := openReader(t, h.file)
	reader.query(`SELECT * FROM t`)
	h.wantOutcome(reopen, "READERS_REMAIN")
	reader.close()
	h.wantOutcome(reopen, "reopened ok")
	h.ok(batchOf(`INSERT INTO t VALUES('more')`))
	if got := old.query(`SELECT count(*) FROM t`); got != "0" {
		t.Errorf("the reader of the old file sees %q rows, want 0", got)
	}
	h.wantQuery(`SELECT a FROM t`, "other more")
}

// Readers who come and go without a pause, so that there is always one, do not
// keep a file closed.
func TestReopenAmongShortReaders(t *testing.T) {
	h := serving(t)
	h.wantOutcome(closeDB, "closed ok")
	h.replace()
	var over atomic.Bool
	var warm, readers sync.WaitGroup
	for range 4 {
		warm.Add(1)
		readers.Go(func() {
			for n := 0; !over.Load(); n++ {
				if err := glance(h.file); err != nil {
					t.Errorf("a reader: %v", err)
				}
				if n == 5 {
					warm.Done()
				}
			}
		})
	}
	warm.Wait()
	got := outcome(h.do(&wire.Request{Type: reopen}))
	over.Store(true)
	readers.Wait()
	if got != "reopened ok" {
		t.Errorf("Reopen: %s, want reopened ok", got)
	}
	h.ok(batchOf(`INSERT INTO t VALUES('more')`))
	h.wantQuery(`SELECT a FROM t`, "other more")
}

// A file is replaced without being closed, while no worker has it open, and
// another process has the new one open when the next batch comes: the two share
// one log.
func TestReplacedWithoutCloseBesideAWriter(t *testing.T) {
	h := serving(t)
	h.stop()
	h.replace()
	writer := h.outside()
	writer.query(`SELECT * FROM t`)
	h.ok(batchOf(`INSERT INTO t VALUES('daemon1')`))
	writer.exec(`INSERT INTO t VALUES('outside')`)
	h.ok(batchOf(`INSERT INTO t VALUES('daemon2')`))
	writer.exec(`PRAGMA wal_checkpoint`)
	h.ok(batchOf(`INSERT INTO t VALUES('daemon3')`))
	h.stop()
	writer.close()
	h.wantQuery(`SELECT a FROM t`, "other daemon1 outside daemon2 daemon3")
}

// The same, and somebody has the old file open, with the index that the new
// one's reader then takes for his: nobody writes as long as both are there.
func TestReplacedWithoutCloseBesideReadersOfBothFiles(t *testing.T) {
	h := serving(t)
	h.stop()
	old := openReader(t, h.file)
	old.query(`SELECT * FROM t`)
	h.replace()
	reader := openReader(t, h.file)
	reader.query(`SELECT * FROM t`)
	h.fails(batchOf(`INSERT INTO t VALUES('more')`), wire.CodeIOError)
	reader.close()
	h.ok(batchOf(`INSERT INTO t VALUES('more')`))
	if got := old.query(`SELECT count(*) FROM t`); got != "0" {
		t.Errorf("the reader of the old file sees %q rows, want 0", got)
	}
	h.wantQuery(`SELECT a FROM t`, "other more")
}

// A reader of a file that is not in WAL mode has no index that could be wrong.
func TestReopenBesideAReaderWithoutALog(t *testing.T) {
	h := newHarness(t)
	h.outside().exec(`CREATE TABLE t(a)`)
	reader := openReader(t, h.file)
	release := reader.hold()
	defer release()
	h.wantOutcome(wire.TypePrepareForMaintenance, "checkpointed ok")
	h.wantOutcome(reopen, "reopened ok")
	h.wantOutcome(closeDB, "closed readers ok")
	h.wantOutcome(reopen, "reopened ok")
}

// glance opens a file, reads from it and closes it.
func glance(file string) error {
	db, err := sqlite3.OpenFlags(file, sqlite3.OPEN_READONLY)
	if err != nil {
		return err
	}
	err = db.Exec(`PRAGMA busy_timeout = 60000; SELECT * FROM t`)
	return errors.Join(err, db.Close())
}

// changed returns when a file was last changed, or came to its name.
func changed(t testing.TB, path string) time.Time {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return time.Unix(info.Sys().(*syscall.Stat_t).Ctim.Unix())
}

// A reader that opens the unchanged file just before it is reopened makes the
// index only when the daemon has looked at it, and stays. It may come too late,
// and then comes again.
func TestReopenBesideAReaderWhoseIndexComesLate(t *testing.T) {
	h := serving(t)
	h.wantOutcome(closeDB, "closed ok")
	index := indexOf(t, h.file)
	f, err := os.OpenFile(h.file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	shared := unix.Flock_t{Type: unix.F_RDLCK, Start: sqlitePending + 2, Len: 510}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &shared); err != nil {
		t.Fatal(err)
	}
	got := "READERS_REMAIN"
	for n := 0; got == "READERS_REMAIN" && n < 20; n++ {
		if err := os.RemoveAll(h.file + "-shm"); err != nil {
			t.Fatal(err)
		}
		call := h.submit(&wire.Request{Type: reopen})
		for len(call.Reply()) == 0 && !h.pending(f) {
			runtime.Gosched()
		}
		if err := os.WriteFile(h.file+"-shm", index, 0o600); err != nil {
			t.Fatal(err)
		}
		got = outcome(h.reply(call))
	}
	if got != "reopened ok" {
		t.Errorf("Reopen: %s, want reopened ok", got)
	}
}

// pending reports whether somebody waits for the readers of f to go.
func (h *harness) pending(f *os.File) bool {
	lock := unix.Flock_t{Type: unix.F_RDLCK, Start: sqlitePending, Len: 1}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lock); err != nil {
		h.t.Fatal(err)
	}
	return lock.Type != unix.F_UNLCK
}

// sqlitePending is the first byte that SQLite locks.
// Source: https://sqlite.org/fileformat2.html#the_lock_byte_page.
const sqlitePending = 0x40000000

// indexOf returns the index that a reader makes for a closed file, and leaves
// none.
func indexOf(t *testing.T, file string) []byte {
	t.Helper()
	reader := openReader(t, file)
	reader.query(`SELECT * FROM t`)
	index, err := os.ReadFile(file + "-shm")
	reader.close()
	if err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-shm", "-wal"} {
		if err := os.Remove(file + suffix); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	return index
}

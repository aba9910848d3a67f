package worker

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/wire"
)

// wantStale reopens beside a log that does not belong, and finds it and the
// file as they were.
func (h *harness) wantStale() {
	h.t.Helper()
	read := func(name string) string {
		content, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			h.t.Fatal(err)
		}
		return string(content)
	}
	file, log := read(h.file), read(h.file+"-wal")
	for range 2 {
		h.wantOutcome(reopen, "STALE_WAL")
		if got := h.ok(&wire.Request{Type: wire.TypePing}).State; got != "closed" {
			h.t.Errorf("state %q, want closed", got)
		}
		h.stop()
	}
	if read(h.file) != file || read(h.file+"-wal") != log || log == "" {
		h.t.Error("file or log changed")
	}
}

func TestStaleLog(t *testing.T) {
	t.Run("of another database", func(t *testing.T) {
		h := serving(t)
		h.wantOutcome(closeDB, "closed ok")
		if err := os.WriteFile(h.file+"-wal", makeLog(t), 0o600); err != nil {
			t.Fatal(err)
		}
		h.wantStale()
		if err := os.Remove(h.file + "-wal"); err != nil {
			t.Fatal(err)
		}
		h.wantOutcome(reopen, "reopened ok")
	})
	t.Run("without a file", func(t *testing.T) {
		h := serving(t)
		h.wantOutcome(closeDB, "closed ok")
		if err := os.Remove(h.file); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(h.file+"-wal", makeLog(t), 0o600); err != nil {
			t.Fatal(err)
		}
		h.wantStale()
	})
	// Somebody wrote to the closed file, and the file has changed since in a
	// way that cannot be seen from outside.
	t.Run("that only seems to belong", func(t *testing.T) {
		h := serving(t)
		h.ok(batchOf(`CREATE TABLE big(x)`, `INSERT INTO big SELECT randomblob(3000) FROM generate_series(1, 50)`, `CREATE INDEX b ON big(x)`))
		h.wantOutcome(closeDB, "closed ok")
		h.leaveLog()
		info, err := os.Stat(h.file)
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(h.file)
		if err != nil {
			t.Fatal(err)
		}
		clear(content[len(content)/2 : len(content)/2+8192])
		if err := os.WriteFile(h.file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(h.file, time.Time{}, info.ModTime()); err != nil {
			t.Fatal(err)
		}
		h.wantStale()
	})
	t.Run("that belongs", func(t *testing.T) {
		h := serving(t)
		epoch := h.epoch()
		h.wantOutcome(closeDB, "closed ok")
		h.leaveLog()
		h.wantOutcome(reopen, "reopened ok")
		h.wantQuery(`SELECT count(*) FROM later`, "1")
		if got := h.epoch(); got == epoch {
			t.Error("the epoch is the same, and another program wrote")
		}
		h.stop()
		if got := h.sideFiles(); len(got) > 0 {
			t.Errorf("beside the file: %q", got)
		}
	})
}

// leaveLog writes to the file as another program that then dies, and leaves its
// log.
func (h *harness) leaveLog() {
	h.t.Helper()
	o := h.outside()
	if _, err := o.db.Config(sqlite3.DBCONFIG_NO_CKPT_ON_CLOSE, true); err != nil {
		h.t.Fatal(err)
	}
	o.exec(`CREATE TABLE later(a); INSERT INTO later VALUES(1)`)
	o.close()
}

// SQLite deletes a log beside a file that is empty or missing.
func TestLogBesideAnEmptyFileIsKept(t *testing.T) {
	for _, empty := range []bool{false, true} {
		h := newHarness(t)
		log := makeLog(t)
		if err := os.WriteFile(h.file+"-wal", log, 0o600); err != nil {
			t.Fatal(err)
		}
		if empty {
			if err := os.WriteFile(h.file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		h.fails(batchOf(`CREATE TABLE t(a)`), wire.CodeStaleWAL)
		h.stop()
		if got, err := os.ReadFile(h.file + "-wal"); err != nil || !slices.Equal(got, log) {
			t.Errorf("empty %v: the log changed (%v)", empty, err)
		}
	}
}

// makeLog returns the log of some other database.
func makeLog(t testing.TB) []byte {
	t.Helper()
	h := newHarness(t)
	o := openOutside(t, h.file)
	o.exec(`PRAGMA journal_mode = WAL; CREATE TABLE x(a); INSERT INTO x VALUES(randomblob(10000))`)
	log, err := os.ReadFile(h.file + "-wal")
	if err != nil || len(log) == 0 {
		t.Fatalf("a log of %d bytes, %v", len(log), err)
	}
	return log
}

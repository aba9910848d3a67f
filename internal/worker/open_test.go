package worker

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/wire"
)

func TestPingCreatesNothing(t *testing.T) {
	h := newHarness(t)
	if got := h.state(); got != "open 0" {
		t.Errorf("state %q, want open 0", got)
	}
	if r := h.command(wire.TypeReopenDatabase); r.Err() != nil || !r.Already {
		t.Errorf("Reopen: %s, already %v", show(r), r.Already)
	}
	h.stop()
	if _, err := os.Stat(h.file); !os.IsNotExist(err) || len(h.sideFiles()) > 0 {
		t.Errorf("the file: %v; beside it %q", err, h.sideFiles())
	}
}

// A worker that only told its state ends at once, one that was used when it
// has been idle, and neither leaves anything beside the file.
func TestIdleEnd(t *testing.T) {
	h := serving(t)
	h.stop()
	h.cfg.Idle = time.Nanosecond
	h.state()
	h.eventually("the worker that was pinged ends", h.retired)
	h.ok(batchOf(`INSERT INTO t VALUES(1)`))
	h.eventually("the worker that was used ends", h.retired)
	h.wait(h.gone)
	if got := h.sideFiles(); len(got) > 0 {
		t.Errorf("beside the file: %q", got)
	}
	h.mu.Lock()
	s := h.last
	h.mu.Unlock()
	if s.Rev != 2 || s.batches != 2 || s.groups != 2 {
		t.Errorf("left: rev %d, %d batches, %d groups; want 2, 2, 2", s.Rev, s.batches, s.groups)
	}
}

func (h *harness) retired() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.w == nil
}

// A file of another program keeps its content and gets the daemon's tables and
// a log with the first batch that writes.
func TestAdoption(t *testing.T) {
	h := newHarness(t)
	o := h.outside()
	o.exec(`PRAGMA journal_mode = DELETE; CREATE TABLE t(a); INSERT INTO t VALUES(1)`)
	o.close()
	epoch := h.epoch()
	if got := show(h.ok(batchOf(`SELECT 1`))); got != "ok rev 0 rows 0" {
		t.Errorf("a batch that reads: %s", got)
	}
	h.wantQuery(`PRAGMA journal_mode`, "delete")
	h.stop()
	if got := show(h.ok(withID("a", batchOf(`INSERT INTO t VALUES(2)`)))); got != "ok rev 1 rows 1" {
		t.Errorf("the first batch that writes: %s", got)
	}
	h.wantQuery(`SELECT rev, epoch FROM _skylinedb_state`, "1|"+epoch) // which was told before
	h.wantQuery(`SELECT group_concat(a) FROM t`, "1,2")
	h.wantQuery(`PRAGMA journal_mode`, "wal")
	h.wantQuery(`SELECT id FROM _skylinedb_requests`, "a")
	h.forget()
	if got := h.epoch(); got != epoch {
		t.Errorf("epoch %s after a restart, want %s", got, epoch)
	}
}

// A file whose tables of the daemon's names are not the daemon's is refused,
// and not touched.
func TestTablesThatAreNotTheDaemons(t *testing.T) {
	const state = `CREATE TABLE _skylinedb_state(id INTEGER PRIMARY KEY, rev INTEGER, epoch TEXT);`
	const row = `INSERT INTO _skylinedb_state VALUES(1, 3, 'e');`
	for name, schema := range map[string]string{
		"other columns":     `CREATE TABLE _skylinedb_state(x)`,
		"no row":            state,
		"a view":            `CREATE VIEW _skylinedb_state AS SELECT 1 AS id, 2 AS rev, 'e' AS epoch`,
		"a view in capital": `CREATE VIEW _SKYLINEDB_STATE AS SELECT 1 AS id`,
		"a trigger":         state + row + `CREATE TABLE t(a); CREATE TRIGGER g AFTER UPDATE ON _SkylineDB_state BEGIN DELETE FROM t; END`,
		"records alone":     `CREATE TABLE _skylinedb_requests(x)`,
	} {
		h := newHarness(t)
		o := h.outside()
		o.exec(schema)
		o.close()
		before := h.hash()
		for range 2 {
			if r := h.do(batchOf(`CREATE TABLE n(a)`)); r.Code != wire.CodeNotADatabase {
				t.Errorf("%s: %s, want %s", name, show(r), wire.CodeNotADatabase)
			}
		}
		h.stop()
		if got := h.hash(); got != before {
			t.Errorf("%s: the file changed", name)
		}
	}
}

// A file that no batch writes to does not change by a byte.
func TestUnwrittenFileKeepsItsHash(t *testing.T) {
	for name, make := range map[string]func(h *harness){
		"of the daemon": func(h *harness) {
			h.ok(withID("a", batchOf(`CREATE TABLE t(a)`)))
			h.stop()
		},
		"in WAL mode": func(h *harness) {
			o := h.outside()
			o.exec(`PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES(1)`)
			o.close()
		},
		"in rollback mode": func(h *harness) {
			o := h.outside()
			o.exec(`CREATE TABLE t(a); INSERT INTO t VALUES(1)`)
			o.close()
		},
		"empty": func(h *harness) {
			if err := os.WriteFile(h.file, nil, 0o600); err != nil {
				h.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			make(h)
			before := h.hash()
			info, err := os.Stat(h.file)
			if err != nil {
				t.Fatal(err)
			}
			for round := range 2 {
				h.state()
				h.ok(batchOf(`SELECT * FROM sqlite_schema`))
				h.ok(forgetting(withID("r", noneOf(`PRAGMA journal_mode`)), "x"))
				h.fails(batchOf(`SELECT * FROM nix`), wire.CodeSQLError)
				h.fails(expecting(77, batchOf(`CREATE TABLE n(a)`)), wire.CodeRevMismatch)
				for _, typ := range []wire.Type{
					wire.TypePrepareForMaintenance, wire.TypePrepareForMaintenance, wire.TypeReopenDatabase,
					wire.TypePrepareForMaintenance, wire.TypeCloseDatabase, wire.TypeReopenDatabase, wire.TypeCloseDatabase,
				} {
					if r := h.command(typ); r.Err() != nil {
						t.Fatalf("%s: %s", typ, show(r))
					}
				}
				if got := h.hash(); got != before {
					t.Errorf("round %d: the file changed", round)
				}
				h.command(wire.TypeReopenDatabase)
				h.forget()
				if got := h.hash(); got != before {
					t.Errorf("round %d, after the end: the file changed", round)
				}
				if got := h.sideFiles(); len(got) > 0 {
					t.Errorf("round %d: beside the file: %q", round, got)
				}
			}
			if now, err := os.Stat(h.file); err != nil || !now.ModTime().Equal(info.ModTime()) {
				t.Errorf("the file was written to (%v)", err)
			}
		})
	}
}

// A batch that reads changes neither file nor rev of a database in use.
func TestReadingBatchCommitsNothing(t *testing.T) {
	h := serving(t)
	before := h.groups()
	for _, sql := range []string{
		`SELECT * FROM t`, `PRAGMA user_version`, `PRAGMA journal_mode`, `EXPLAIN DELETE FROM t`, ``, `-- nothing`,
	} {
		if got := show(h.ok(batchOf(sql))); got != "ok rev 1 rows 0" {
			t.Errorf("%q: %s", sql, got)
		}
	}
	if got := h.groups() - before; got != 0 {
		t.Errorf("%d commits, want 0", got)
	}
}

// What the cache compiled when it had nothing to do is not lost later.
func TestRepeatedSchemaIsNotLost(t *testing.T) {
	h := serving(t)
	const trigger = `CREATE TRIGGER IF NOT EXISTS g AFTER INSERT ON t BEGIN SELECT 1; END`
	h.ok(batchOf(trigger))
	h.ok(batchOf(trigger))
	h.ok(batchOf(`DROP TRIGGER g`))
	if got := show(h.ok(batchOf(trigger))); got != "ok rev 4 rows 0" {
		t.Errorf("again: %s, want ok rev 4 rows 0", got)
	}
	h.wantQuery(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`, "g")
}

// PRAGMA optimize writes, whatever SQLite says.
func TestOptimizeIsAWrite(t *testing.T) {
	h := newHarness(t)
	o := h.outside()
	o.exec(`CREATE TABLE t(a); CREATE INDEX i ON t(a); INSERT INTO t SELECT value FROM generate_series(1, 1000)`)
	o.close()
	if got := show(h.ok(batchOf(`PRAGMA optimize(0x10002)`))); got != "ok rev 1 rows 0" {
		t.Errorf("%s, want ok rev 1 rows 0", got)
	}
	h.wantQuery(`SELECT count(*) FROM sqlite_stat1`, "1")
}

// Another program puts other content into the open file, by SQLite's own means.
func TestContentReplacedInPlace(t *testing.T) {
	h := serving(t)
	h.ok(withID("a", batchOf(`INSERT INTO t VALUES(1)`)))
	epoch := h.epoch()
	o := h.outside()
	t.Run("a write beside", func(t *testing.T) {
		o.exec(`INSERT INTO t VALUES(2)`)
		if got := show(h.ok(batchOf(`INSERT INTO t VALUES(3)`))); got != "ok rev 3 rows 1" || h.epoch() != epoch {
			t.Errorf("%s, epoch %s; want rev 3, epoch %s", got, h.epoch(), epoch)
		}
	})
	t.Run("an older state", func(t *testing.T) {
		o.exec(`UPDATE _skylinedb_state SET rev = 1; DELETE FROM _skylinedb_requests; DELETE FROM t`)
		if got := show(h.ok(withID("a", batchOf(`INSERT INTO t VALUES(1)`)))); got != "ok rev 2 rows 1" {
			t.Errorf("%s, want ok rev 2 rows 1", got)
		}
		if got := h.epoch(); got == epoch {
			t.Error("the epoch is still the same, and rev went back")
		}
	})
	t.Run("without the daemon's tables", func(t *testing.T) {
		o.exec(`DROP TABLE _skylinedb_state; DROP TABLE _skylinedb_requests`)
		if got := show(h.ok(batchOf(`INSERT INTO t VALUES(5)`))); got != "ok rev 1 rows 1" {
			t.Errorf("%s, want ok rev 1 rows 1", got)
		}
		h.wantQuery(`SELECT rev, epoch FROM _skylinedb_state`, "1|"+h.epoch())
	})
}

// A file that was replaced without Close is the next batch's, with an epoch
// of its own.
func TestReplacedWhileOpen(t *testing.T) {
	h := serving(t)
	epoch := h.epoch()
	other := newHarness(t)
	other.ok(batchOf(`CREATE TABLE t(a)`, `INSERT INTO t VALUES('other')`))
	other.stop()
	ostest.Replace(t, other.file, h.file)
	if got := show(h.ok(batchOf(`INSERT INTO t VALUES('more')`))); got != "ok rev 2 rows 1" {
		t.Errorf("%s, want ok rev 2 rows 1", got)
	}
	if now := h.epoch(); now == epoch {
		t.Error("the epoch is the old file's")
	}
	h.wantQuery(`SELECT group_concat(a) FROM t`, "other,more")
}

func TestRemovedWhileOpen(t *testing.T) {
	h := serving(t)
	epoch := h.epoch()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		ostest.Remove(t, h.file+suffix)
	}
	if got := h.state(); got != "open 0" {
		t.Errorf("state %q, want open 0", got)
	}
	h.ok(batchOf(`CREATE TABLE n(a)`))
	if got := h.epoch(); got == epoch || got == "" {
		t.Errorf("epoch %q, was %q", got, epoch)
	}
	h.wantQuery(`SELECT group_concat(name) FROM sqlite_schema WHERE name NOT LIKE '%skylinedb%'`, "n")
}

func TestGarbage(t *testing.T) {
	h := newHarness(t)
	if err := os.WriteFile(h.file, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	before := h.hash()
	h.fails(batchOf(`CREATE TABLE t(a)`), wire.CodeNotADatabase)
	h.fails(&wire.Request{Type: wire.TypePing}, wire.CodeNotADatabase)
	h.fails(&wire.Request{Type: wire.TypePrepareForMaintenance}, wire.CodeNotADatabase)
	if r := h.command(wire.TypeCloseDatabase); r.Err() != nil { // so that it can be replaced
		t.Errorf("Close: %s", show(r))
	}
	h.fails(&wire.Request{Type: wire.TypeReopenDatabase}, wire.CodeNotADatabase)
	if got := h.state(); got != "closed 0" {
		t.Errorf("state %q, want closed 0", got)
	}
	if got := h.hash(); got != before {
		t.Error("the file changed")
	}
}

func TestMissingFolder(t *testing.T) {
	h := newHarness(t)
	root, err := dbfile.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if h.cfg.Path, err = root.Resolve("no/such/folder/a.db"); err != nil {
		t.Fatal(err)
	}
	h.fails(batchOf(`CREATE TABLE t(a)`), wire.CodeIOError)
	if got := h.state(); got != "open 0" {
		t.Errorf("state %q, want open 0", got)
	}
}

// An epoch that was told for one file is not told for the next.
func TestToldEpochIsOfItsFile(t *testing.T) {
	h := newHarness(t)
	o := h.outside()
	o.exec(`CREATE TABLE t(a)`)
	o.close()
	told := h.epoch()
	h.stop()
	if got := h.epoch(); got != told {
		t.Errorf("epoch %s, and before %s", got, told)
	}
	h.stop()
	o = openOutside(t, h.file+".new")
	o.exec(`CREATE TABLE t(a)`)
	o.close()
	if err := os.Rename(h.file+".new", h.file); err != nil {
		t.Fatal(err)
	}
	if got := h.epoch(); got == told {
		t.Error("the epoch is the replaced file's")
	}
}

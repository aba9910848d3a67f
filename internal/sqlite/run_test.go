package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/wire"
)

func contextDone(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// run runs a client's statement in a transaction of its own.
func run(t testing.TB, c *Conn, sql, args string) (Result, error) {
	t.Helper()
	return c.Run(t.Context(), wire.Stmt{SQL: sql, Params: params(t, args)}, RunOptions{Writable: true})
}

func mustRun(t testing.TB, c *Conn, sql string) Result {
	t.Helper()
	r, err := run(t, c, sql, "")
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return r
}

func TestRowsAffected(t *testing.T) {
	const schema = `
		CREATE TABLE k(id INTEGER PRIMARY KEY, v UNIQUE);
		CREATE TABLE log(a);
		CREATE TRIGGER k_log AFTER INSERT ON k BEGIN INSERT INTO log VALUES(1), (2); END;
		CREATE VIEW w AS SELECT id, v FROM k;
		CREATE TRIGGER w_ins INSTEAD OF INSERT ON w BEGIN INSERT INTO k VALUES(new.id, new.v); END;
		CREATE TABLE parent(id INTEGER PRIMARY KEY);
		CREATE TABLE child(p REFERENCES parent(id) ON DELETE CASCADE);
		INSERT INTO parent VALUES(1);
		INSERT INTO child VALUES(1), (1)`
	tests := []struct {
		sql   string
		want  int64
		wrote bool
	}{
		{`INSERT INTO k VALUES(1, 1)`, 1, true}, // and two rows by the trigger
		{`SELECT * FROM k`, 0, false},
		{`INSERT INTO k VALUES(2, 2), (3, 3)`, 2, true},
		{`CREATE TABLE n(a)`, 0, true},
		{`CREATE TABLE copied AS SELECT * FROM k`, 0, true},
		{`CREATE INDEX k_v ON k(v)`, 0, true},
		{`ALTER TABLE copied ADD COLUMN x DEFAULT 1`, 0, true},
		{`ALTER TABLE copied DROP COLUMN x`, 0, true},
		{`INSERT INTO w VALUES(4, 4)`, 0, true}, // to SQLite a view changes nothing
		{`INSERT INTO k VALUES(1, 9) ON CONFLICT(id) DO UPDATE SET v = 9`, 1, true},
		{`INSERT INTO k VALUES(1, 9) ON CONFLICT(id) DO NOTHING`, 0, true},
		{`REPLACE INTO k VALUES(1, 10)`, 1, true},
		{`INSERT OR IGNORE INTO k VALUES(1, 11)`, 0, true},
		{`UPDATE k SET v = v + 100 RETURNING id`, 4, true},
		{`DELETE FROM parent`, 1, true}, // and two rows by the foreign key
		{`DELETE FROM k`, 4, true},
		{`DELETE FROM k`, 0, true},
		{`DROP TABLE copied`, 0, true},
		{`INSERT INTO n VALUES(1); UPDATE n SET a = 2; SELECT 1; INSERT INTO n VALUES(3), (4)`, 4, true},
		{`EXPLAIN INSERT INTO n VALUES(1)`, 0, false},
	}
	c, _ := openTest(t)
	mustRun(t, c, schema)
	for _, tt := range tests {
		got := mustRun(t, c, tt.sql)
		if want := (Result{Wrote: tt.wrote, Rows: tt.want}); got.Wrote != want.Wrote || got.Rows != want.Rows {
			t.Errorf("%s: %+v, want %+v", tt.sql, got, want)
		}
	}
}

// Dropping a table that others refer to deletes its rows first.
func TestDropOfAParentCountsNoRows(t *testing.T) {
	c, _ := openTest(t)
	mustRun(t, c, `CREATE TABLE parent(id INTEGER PRIMARY KEY); CREATE TABLE child(p REFERENCES parent(id)); INSERT INTO parent VALUES(1), (2)`)
	if got := mustRun(t, c, `DROP TABLE parent`); got.Rows != 0 {
		t.Errorf("DROP TABLE: %d rows, want 0", got.Rows)
	}
}

// Virtual tables keep their content in tables of their own, which count for
// nothing.
func TestVirtualTables(t *testing.T) {
	c, _ := openTest(t)
	mustRun(t, c, `CREATE VIRTUAL TABLE f USING fts5(a, content = 't', content_rowid = 'rowid');
		CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO f(rowid, a) VALUES(new.rowid, new.a); END;
		CREATE VIRTUAL TABLE r USING rtree(id, x0, x1)`)
	for _, tt := range []struct {
		sql   string
		want  int64
		wrote bool
	}{
		{`INSERT INTO t(rowid, a) VALUES(7, 'hello world'), (8, 'goodbye')`, 2, true},
		{`INSERT INTO r VALUES(1, 2.0, 3.0), (2, 4.0, 5.0)`, 2, true},
		{`DELETE FROM r WHERE x0 > 3`, 1, true},
		{`SELECT * FROM f('hello')`, 0, false},
	} {
		if got := mustRun(t, c, tt.sql); got.Wrote != tt.wrote || got.Rows != tt.want {
			t.Errorf("%s: %+v, want %d rows, wrote %v", tt.sql, got, tt.want, tt.wrote)
		}
	}
	if got := text(t, c, `SELECT group_concat(rowid) FROM f('hello')`); got != "7" {
		t.Errorf("found %q, want 7", got)
	}
}

// A file that is not prepared is not written to, whatever SQLite says of a
// statement: each of these is run with and without leave to write.
func TestNothingWritesUnprepared(t *testing.T) {
	const schema = `
		CREATE TABLE big(x);
		CREATE INDEX big_x ON big(x);
		INSERT INTO big SELECT value FROM generate_series(1, 2000);
		CREATE TABLE old(x);
		CREATE TRIGGER g AFTER INSERT ON old BEGIN SELECT 1; END`
	tests := []struct {
		sql   string
		wrote bool
	}{
		{`SELECT * FROM big`, false},
		{`PRAGMA journal_mode`, false},
		{`SELECT * FROM pragma_journal_mode`, false},
		{`PRAGMA user_version`, false},
		{`PRAGMA user_version = 3`, true},
		{`PRAGMA application_id = 3`, true},
		{`PRAGMA incremental_vacuum`, true},
		{`PRAGMA integrity_check`, false},
		{`PRAGMA optimize(0x10002)`, true}, // all tables
		{`SELECT * FROM pragma_optimize(0x10002)`, true},
		{`ANALYZE`, true},
		{`REINDEX`, true},
		{`INSERT INTO big SELECT * FROM pragma_journal_mode`, true},
		{`DELETE FROM big WHERE 0`, true},
		{`CREATE TRIGGER IF NOT EXISTS g AFTER INSERT ON old BEGIN SELECT 1; END`, false},
		{`DROP TRIGGER IF EXISTS nix`, false},
	}
	for _, tt := range tests {
		c, _ := openTest(t)
		mustRun(t, c, schema)
		if err := c.Begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := c.Run(t.Context(), wire.Stmt{SQL: tt.sql}, RunOptions{})
		if got := errors.Is(err, ErrNotPrepared); got != tt.wrote || err != nil && !got {
			t.Errorf("%s, unprepared: %v, want ErrNotPrepared: %v", tt.sql, err, tt.wrote)
		}
		if err := c.Rollback(); err != nil {
			t.Fatal(err)
		}
		if got := mustRun(t, c, tt.sql); got.Wrote != tt.wrote {
			t.Errorf("%s: wrote %v, want %v", tt.sql, got.Wrote, tt.wrote)
		}
	}
}

func TestRunStopsAtTheContext(t *testing.T) {
	c, _ := openTest(t)
	ctx, cancel := contextDone(t)
	c.db.CreateFunction("now_stop", 0, 0, func(sqlite3.Context, ...sqlite3.Value) { cancel() })
	const forever = `WITH RECURSIVE n(i) AS (SELECT now_stop() UNION ALL SELECT i FROM n)`
	if err := c.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(ctx, wire.Stmt{SQL: forever + ` SELECT * FROM n`}, RunOptions{Writable: true}); !errors.Is(err, ErrInterrupted) {
		t.Errorf("endless SELECT: %v, want ErrInterrupted", err)
	}
	if !c.InTx() {
		t.Error("an interrupted SELECT ended the transaction")
	}
	ctx, cancel = contextDone(t)
	if _, err := c.Run(ctx, wire.Stmt{SQL: forever + ` INSERT INTO t SELECT * FROM n`}, RunOptions{Writable: true}); !errors.Is(err, ErrInterrupted) {
		t.Errorf("endless INSERT: %v, want ErrInterrupted", err)
	}
	if c.InTx() {
		t.Error("an interrupted INSERT left the transaction open")
	}
	if _, err := c.Run(t.Context(), wire.Stmt{SQL: `INSERT INTO t VALUES(1)`}, RunOptions{Writable: true}); err != nil {
		t.Errorf("the next statement: %v", err)
	}
}

func TestLastInsertRowID(t *testing.T) {
	c, _ := openTest(t)
	mustRun(t, c, `INSERT INTO t(rowid, a) VALUES(`+fmt.Sprint(int64(math.MinInt64))+`, 1)`)
	if got := c.LastInsertRowID(); got != math.MinInt64 {
		t.Errorf("LastInsertRowID = %d", got)
	}
	c.ForgetInsert()
	mustRun(t, c, `UPDATE t SET a = last_insert_rowid()`)
	if got := text(t, c, `SELECT a FROM t`); got != "0" || c.LastInsertRowID() != 0 {
		t.Errorf("another batch saw %s and got %d, want 0", got, c.LastInsertRowID())
	}
}

package sqlite

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

// A statement of the cache that had nothing to do may have after a change of
// the schema: it must be seen to write, or its work would be thrown away.
func TestCachedStatementThatBeginsToWrite(t *testing.T) {
	for _, tt := range []struct{ again, change string }{
		{`CREATE TRIGGER IF NOT EXISTS g AFTER INSERT ON t BEGIN SELECT 1; END`, `DROP TRIGGER g`},
		{`CREATE TABLE IF NOT EXISTS u(a)`, `DROP TABLE u`},
		{`CREATE VIEW IF NOT EXISTS v AS SELECT 1`, `DROP VIEW v`},
		{`CREATE INDEX IF NOT EXISTS i ON t(a)`, `DROP INDEX i`},
		{`DROP TRIGGER IF EXISTS h`, `CREATE TRIGGER h AFTER INSERT ON t BEGIN SELECT 1; END`},
	} {
		c, _ := openTest(t)
		mustRun(t, c, tt.again)
		mustRun(t, c, tt.again) // with nothing to do
		mustRun(t, c, tt.change)
		if got := mustRun(t, c, tt.again); !got.Wrote {
			t.Errorf("%s wrote without being seen to", tt.again)
		}
		mustRun(t, c, tt.change)
		if err := c.Begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Run(t.Context(), wire.Stmt{SQL: tt.again}, RunOptions{}); !errors.Is(err, ErrNotPrepared) {
			t.Errorf("%s, unprepared: %v, want ErrNotPrepared", tt.again, err)
		}
	}
}

func TestStatementCacheIsBounded(t *testing.T) {
	c, _ := openTest(t)
	for i := range 3 * cacheStmts {
		mustRun(t, c, fmt.Sprintf(`INSERT INTO t VALUES(%d)`, i))
	}
	if got := len(c.cache.byText); got != cacheStmts || c.cache.recent.Len() != got {
		t.Errorf("the cache has %d statements and %d in order, want %d", got, c.cache.recent.Len(), cacheStmts)
	}
	mustRun(t, c, `INSERT INTO t VALUES('`+strings.Repeat("x", cacheSQLMax)+`')`)
	mustRun(t, c, `SELECT 1; SELECT 2`)
	mustRun(t, c, `PRAGMA user_version`)
	open := 0
	for range c.db.Stmts() {
		open++
	}
	if want := cacheStmts + len(c.own); open != want {
		t.Errorf("%d statements are open, want %d", open, want)
	}
	if got := text(t, c, `SELECT count(*) FROM t`); got != fmt.Sprint(3*cacheStmts+1) {
		t.Errorf("%s rows, want %d", got, 3*cacheStmts+1)
	}
}

func TestCachedStatementAfterSchemaChange(t *testing.T) {
	c, _ := openTest(t)
	mustRun(t, c, `INSERT INTO t SELECT 1`)
	mustRun(t, c, `ALTER TABLE t ADD COLUMN b DEFAULT 7`)
	if _, err := run(t, c, `INSERT INTO t SELECT 1`, ""); wire.ErrorCode(err) != wire.CodeSQLError {
		t.Errorf("one value for two columns: %v, want %s", err, wire.CodeSQLError)
	}
	mustRun(t, c, `ALTER TABLE t DROP COLUMN b`)
	mustRun(t, c, `INSERT INTO t SELECT 1`)
	mustRun(t, c, `DROP TABLE t; CREATE TABLE t(x, y DEFAULT 5)`)
	mustRun(t, c, `INSERT INTO t(x) SELECT 1`)
	if got := text(t, c, `SELECT y FROM t`); got != "5" {
		t.Errorf("y = %s, want 5", got)
	}
}

// A parameter of one client must not be bound for the next.
func TestCachedStatementForgetsBindings(t *testing.T) {
	c, _ := openTest(t)
	if _, err := run(t, c, `INSERT INTO t VALUES(:a)`, `{"a":"secret"}`); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, c, `INSERT INTO t VALUES(:a)`, `{}`); wire.ErrorCode(err) != wire.CodeInvalidRequest {
		t.Errorf("without its parameter: %v, want %s", err, wire.CodeInvalidRequest)
	}
	if got := text(t, c, `SELECT count(*) FROM t`); got != "1" {
		t.Errorf("%s rows, want 1", got)
	}
}

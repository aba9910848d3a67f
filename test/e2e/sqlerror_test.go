package e2e

import (
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// A failed statement is told with its place and SQLite's extended code, and
// the batch is undone.
func TestSQLErrors(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{Flags: []string{"--foreign-keys"}}, "a.db")
	c.OK(harness.Batch("a.db",
		`CREATE TABLE u(id INTEGER PRIMARY KEY, k TEXT UNIQUE, c INTEGER CHECK(c > 0), n INTEGER NOT NULL DEFAULT 0) STRICT`,
		`CREATE TABLE p(u INTEGER REFERENCES u, d INTEGER REFERENCES u DEFERRABLE INITIALLY DEFERRED)`,
		`CREATE TRIGGER no BEFORE DELETE ON u BEGIN SELECT RAISE(ABORT, 'kept'); END`,
		`INSERT INTO u(id, k) VALUES(1, 'a')`))
	for sql, want := range map[string]string{
		`SELEC 1`:                                 "SQLITE_ERROR",
		`SELECT * FROM none`:                      "SQLITE_ERROR",
		`INSERT INTO t VALUES(1)`:                 "SQLITE_ERROR",
		`INSERT INTO u(k) VALUES('a')`:            "SQLITE_CONSTRAINT_UNIQUE",
		`INSERT INTO u(id) VALUES(1)`:             "SQLITE_CONSTRAINT_PRIMARYKEY",
		`INSERT INTO u(c) VALUES(0)`:              "SQLITE_CONSTRAINT_CHECK",
		`INSERT INTO u(n) VALUES(NULL)`:           "SQLITE_CONSTRAINT_NOTNULL",
		`INSERT INTO u(c) VALUES('x')`:            "SQLITE_CONSTRAINT_DATATYPE",
		`INSERT INTO p(u) VALUES(9)`:              "SQLITE_CONSTRAINT_FOREIGNKEY",
		`INSERT INTO p(d) VALUES(9)`:              "SQLITE_CONSTRAINT_FOREIGNKEY",
		`DELETE FROM u`:                           "SQLITE_CONSTRAINT_TRIGGER",
		`INSERT OR ROLLBACK INTO u(id) VALUES(1)`: "SQLITE_CONSTRAINT_PRIMARYKEY",
		`SELECT zeroblob(1000000000)`:             "SQLITE_TOOBIG",
	} {
		reply := c.Refused(harness.Batch("a.db", insertT(1, 1), insertT(1, 2), sql), wire.CodeSQLError)
		if reply.SQLiteCode != want || reply.StatementIndex == nil || *reply.StatementIndex != 2 || *reply.Retryable {
			t.Errorf("%s: got %+v, want %s at statement 2", sql, reply, want)
		}
	}
	wantCount(t, d, "a.db", 0)
}

// Without a transaction around it a batch keeps what came before the failure,
// and the reply says how much that is.
func TestSQLErrorWithoutTransaction(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	body := harness.Batch("a.db", insertT(1, 1), `INSERT INTO t VALUES(1, 2), (1, 3)`, `INSERT INTO none VALUES(1)`, insertT(1, 4))
	reply := c.Refused(harness.With(body, "tx", "none"), wire.CodeSQLError)
	if *reply.StatementIndex != 2 || *reply.RowsAffected != 3 {
		t.Errorf("statement %d failed after %d rows, want statement 2 after 3 rows", *reply.StatementIndex, *reply.RowsAffected)
	}
	if rev := *c.OK(harness.Command(wire.TypePing, "a.db")).Rev; *reply.Rev != rev {
		t.Errorf("the failure tells rev %d, the database has %d", *reply.Rev, rev)
	}
	wantCount(t, d, "a.db", 3)
}

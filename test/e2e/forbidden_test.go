package e2e

import (
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

var forbidden = map[string][]string{
	"transactions": {
		`BEGIN`, `begin immediate`, `COMMIT`, `END`, `ROLLBACK`, `SAVEPOINT x`, `RELEASE x`, `ROLLBACK TO x`,
		`/* c */ COMMIT`, "-- c\nCOMMIT", `;COMMIT`, `SELECT 1; COMMIT`,
	},
	"other files": {
		`ATTACH 'x.db' AS x`, `ATTACH ':memory:' AS x`, `DETACH main`, `DETACH x`, `VACUUM INTO 'x.db'`, `VACUUM main INTO 'x.db'`,
		`SELECT load_extension('x')`, `SELECT load_extension('x', 'y')`,
	},
	"PRAGMAs": {
		`PRAGMA journal_mode=DELETE`, `PRAGMA journal_mode('off')`, `PRAGMA synchronous=OFF`, `PRAGMA writable_schema=ON`,
		`PRAGMA locking_mode=EXCLUSIVE`, `PRAGMA wal_checkpoint`, `PRAGMA wal_checkpoint(TRUNCATE)`, `PRAGMA wal_autocheckpoint=0`,
		`PRAGMA foreign_keys=ON`, `PRAGMA busy_timeout=0`, `PRAGMA temp_store=FILE`, `PRAGMA temp_store_directory='/tmp'`,
		`PRAGMA mmap_size=1000000`, `PRAGMA query_only=ON`, `PRAGMA trusted_schema=ON`, `PRAGMA cell_size_check=OFF`,
		`PRAGMA ignore_check_constraints=ON`, `PRAGMA case_sensitive_like=ON`, `PRAGMA schema_version=1`, `PRAGMA page_size=1024`,
		`PRAGMA auto_vacuum=FULL`, `PRAGMA main.journal_mode=DELETE`, `PRAGMA recursive_triggers=ON`, `PRAGMA hard_heap_limit=1`,
		`PRAGMA no_such_pragma`, `PRAGMA max_page_count=1`, `PRAGMA shrink_memory`,
	},
	"TEMP objects": {
		`CREATE TEMP TABLE x(x)`, `CREATE TEMPORARY TABLE x AS SELECT 1`, `CREATE TABLE temp.x(x)`, `CREATE TEMP VIEW x AS SELECT 1`,
		`CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END`, `CREATE VIEW temp.x AS SELECT 1`,
	},
	"the daemon's own tables": {
		`INSERT INTO _skylinedb_state VALUES(2, 1, 'x')`, `UPDATE _skylinedb_state SET rev=0`, `DELETE FROM _skylinedb_state`,
		`DELETE FROM _skylinedb_requests`, `DROP TABLE _skylinedb_state`, `DROP TABLE "_SKYLINEDB_REQUESTS"`,
		`ALTER TABLE _skylinedb_state ADD COLUMN x`, `ALTER TABLE _skylinedb_state RENAME TO x`, `ALTER TABLE t RENAME TO _skylinedb_x`, `CREATE TABLE _skylinedb_x(x)`,
		`CREATE INDEX x ON _skylinedb_state(rev)`, `CREATE TRIGGER x AFTER UPDATE ON _skylinedb_state BEGIN DELETE FROM t; END`,
		`CREATE VIEW _skylinedb_v AS SELECT 1`, `REPLACE INTO _skylinedb_state VALUES(1, 9, 'x')`,
	},
}

// Every statement that would break out of its batch is refused with its place
// and the reason, and the batch is undone.
func TestForbiddenStatements(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	for name, stmts := range forbidden {
		t.Run(name, func(t *testing.T) {
			for _, sql := range stmts {
				for _, tx := range []string{"atomic", "none"} {
					body := harness.With(harness.Batch("a.db", `SELECT 1`, sql), "tx", tx)
					reply := c.Ask(body)
					if reply.Code != wire.CodeForbiddenStatement || reply.StatementIndex == nil || *reply.StatementIndex != 1 {
						t.Errorf("%s (%s): got %s %s %s", sql, tx, reply.Status, reply.Code, reply.Message)
					}
				}
				c.Refused(harness.Batch("a.db", insertT(1, 1), sql), wire.CodeForbiddenStatement)
			}
		})
	}
	wantCount(t, d, "a.db", 0)
	wantGone(t, d.File("x.db"))
}

// VACUUM is allowed alone and without a transaction, and nowhere else.
func TestVacuum(t *testing.T) {
	t.Parallel()
	_, c := withT(t, harness.Config{}, "a.db")
	c.Refused(harness.Batch("a.db", `VACUUM`), wire.CodeForbiddenStatement)
	c.Refused(harness.Batch("a.db", insertT(1, 1), `VACUUM`), wire.CodeForbiddenStatement)
	c.Refused(harness.With(harness.Batch("a.db", `VACUUM`, insertT(1, 1)), "tx", "none"), wire.CodeForbiddenStatement)
	c.OK(harness.With(harness.Batch("a.db", `VACUUM`), "tx", "none"))
}

// A trigger or a view that a client stored does not reach further than the
// client itself.
func TestForbiddenBehindSchema(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	c.Refused(harness.Batch("a.db", `CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE _skylinedb_state SET rev=99; END`, insertT(1, 1)), wire.CodeForbiddenStatement)
	if reply := c.Ask(harness.Batch("a.db", `CREATE VIEW v AS SELECT load_extension('x')`, `INSERT INTO t SELECT 1, * FROM v`)); reply.Err() == nil {
		t.Error("a view calls load_extension")
	}
	wantCount(t, d, "a.db", 0)
}

package sqlite

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

// ownTables stand for the daemon's.
const ownTables = `
	CREATE TABLE _skylinedb_state(id INTEGER PRIMARY KEY, rev INTEGER, epoch TEXT);
	INSERT INTO _skylinedb_state VALUES(1, 7, 'e');
	CREATE TABLE _skylinedb_requests(seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
	INSERT INTO _skylinedb_requests VALUES(1, 'r');
	CREATE TABLE u(a, b);
	CREATE VIRTUAL TABLE ft USING fts5(a);
	CREATE TRIGGER write_own AFTER INSERT ON u BEGIN DELETE FROM _skylinedb_requests; END;
	CREATE VIEW own_view AS SELECT * FROM _skylinedb_state;
	CREATE TRIGGER own_view_ins INSTEAD OF INSERT ON own_view BEGIN UPDATE _skylinedb_state SET rev = 0; END`

// openGated opens a database with the tables of the daemon's.
func openGated(t testing.TB) (*Conn, string) {
	t.Helper()
	c, file := openTest(t)
	if err := c.guard(func() error { return c.db.Exec(ownTables) }); err != nil {
		t.Fatal(err)
	}
	return c, file
}

var forbidden = []string{
	`BEGIN`, `BEGIN IMMEDIATE`, `COMMIT`, `END`, `ROLLBACK`, `SAVEPOINT s`, `RELEASE s`, `ROLLBACK TO s`,
	`/* x */ begin`, "\uFEFFBEGIN", `;BEGIN`, `SELECT 1; COMMIT`,
	`ATTACH 'x.db' AS x`, `ATTACH '' AS x`, `ATTACH ':memory:' AS x`, `DETACH main`,
	`VACUUM`, ` vacuum main`, "\uFEFFVACUUM", `VACUUM INTO 'x.db'`, `VACUUM/**/INTO 'x.db'`, `SELECT 1; VACUUM`,
	`CREATE TEMP TABLE x(a)`, `CREATE TEMPORARY TABLE x AS SELECT 1`, `CREATE TABLE temp.x(a)`, `CREATE TABLE temp.x AS SELECT 1`,
	`CREATE TEMP VIEW x AS SELECT 1`, `CREATE VIEW temp.x AS SELECT 1`,
	`CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END`, `CREATE TRIGGER temp.x AFTER INSERT ON t BEGIN SELECT 1; END`,
	`PRAGMA temp.user_version = 5`,
	`SELECT load_extension('x')`, `SELECT load_extension('x', 'y')`, `CREATE TABLE x AS SELECT load_extension('x')`,
	`INSERT INTO _skylinedb_state VALUES(2, 1, 'x')`, `UPDATE _skylinedb_state SET rev = 0`, `DELETE FROM _skylinedb_state`,
	`UPDATE "_SKYLINEDB_state" SET rev = 0`, `REPLACE INTO main._skylinedb_state VALUES(1, 1, 'x')`,
	`DROP TABLE _skylinedb_requests`, `ALTER TABLE _skylinedb_state ADD COLUMN x`, `ALTER TABLE _skylinedb_state RENAME TO x`,
	`CREATE TABLE _skylinedb_x(a)`, `CREATE VIEW _SkylineDB_x AS SELECT 1`, `CREATE INDEX i ON _skylinedb_requests(seq)`,
	`CREATE INDEX _skylinedb_i ON t(a)`, `CREATE TRIGGER x AFTER UPDATE ON _skylinedb_state BEGIN SELECT 1; END`,
	`INSERT INTO u VALUES(1, 2)`, `INSERT INTO own_view VALUES(1, 2, 3)`,
	`CREATE VIRTUAL TABLE x USING fts5(a, content=_skylinedb_state)`, `CREATE VIRTUAL TABLE _skylinedb USING fts5(a)`, `CREATE VIRTUAL TABLE _skylinedb_x USING rtree(i, a, b)`,
	`ALTER TABLE ft RENAME TO _skylinedb`, `ALTER TABLE t RENAME TO _skylinedb_x`, `ALTER TABLE t RENAME TO "_SKYLINEDB_x"`,
	`CREATE TABLE x(a REFERENCES _skylinedb_state(rev))`, `CREATE TABLE x(a, FOREIGN KEY(a) REFERENCES '_SkylineDB_requests'(id))`,
	`ALTER TABLE t ADD COLUMN x REFERENCES _skylinedb_state`,
	`WITH x AS (SELECT 1) DELETE FROM _skylinedb_requests`, `EXPLAIN DELETE FROM _skylinedb_requests`,
}

// refused are statements that SQLite itself refuses.
var refused = []string{
	`UPDATE sqlite_schema SET sql = 'x'`, `DELETE FROM sqlite_master WHERE name = '_skylinedb_state'`,
	`INSERT INTO sqlite_schema VALUES('table', 'x', 'x', 0, 'x')`, `UPDATE sqlite_temp_master SET sql = 'x'`,
	`DROP INDEX sqlite_autoindex__skylinedb_requests_1`, `DELETE FROM ft_data`, `DROP TABLE ft_content`,
}

var allowed = []string{
	`SELECT * FROM _skylinedb_state, _skylinedb_requests`, `CREATE TABLE x AS SELECT 1`,
	`CREATE VIEW x AS SELECT rev FROM _skylinedb_state`,
	`CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET a = (SELECT rev FROM _skylinedb_state); END`,
	`INSERT INTO t VALUES('_skylinedb_state')`, `CREATE INDEX x ON t(a)`, `DROP TABLE t`, `REINDEX`, `ANALYZE`, `ANALYZE _skylinedb_state`,
	`ALTER TABLE t RENAME TO x`, `ALTER TABLE t RENAME COLUMN a TO b`, `ALTER TABLE u DROP COLUMN b`, `ALTER TABLE t ADD COLUMN x`,
	`CREATE TABLE x(a REFERENCES t(a))`, `EXPLAIN SELECT 1`, `EXPLAIN QUERY PLAN DELETE FROM t`,
	`CREATE TABLE x(a PRIMARY KEY) WITHOUT ROWID`, `SELECT * FROM pragma_table_info('t')`,
	`INSERT INTO ft VALUES('a b')`, `INSERT INTO ft(ft) VALUES('optimize')`, `DROP TABLE ft`, `ALTER TABLE ft RENAME TO x`,
	`INSERT INTO t SELECT value FROM generate_series(1, 3)`, `SELECT random(), changes(), sqlite_version()`,
}

func TestGate(t *testing.T) {
	for _, tt := range []struct {
		stmts []string
		want  wire.Code
	}{
		{forbidden, wire.CodeForbiddenStatement}, {refused, wire.CodeSQLError}, {allowed, ""},
	} {
		for _, sql := range tt.stmts {
			c, _ := openGated(t)
			if err := c.Begin(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, err := run(t, c, sql, "")
			if got := wire.ErrorCode(err); got != tt.want {
				t.Errorf("%s: %v, want %q", sql, err, tt.want)
			}
			if !c.InTx() {
				t.Errorf("%s ended the transaction", sql)
			}
			c.Close()
		}
	}
}

// The lists here are the documented ones: who changes the gate changes them.
func TestGatePragmas(t *testing.T) {
	read := []string{
		"application_id", "auto_vacuum", "cache_size", "collation_list", "compile_options", "data_version",
		"database_list", "defer_foreign_keys", "encoding", "foreign_keys", "freelist_count", "function_list",
		"journal_mode", "max_page_count", "module_list", "page_count", "page_size", "pragma_list",
		"recursive_triggers", "schema_version", "synchronous", "table_list", "user_version",
	}
	call := []string{
		"application_id", "foreign_key_check", "foreign_key_list", "incremental_vacuum", "index_info",
		"index_list", "index_xinfo", "integrity_check", "optimize", "quick_check", "table_info",
		"table_list", "table_xinfo", "user_version",
	}
	c, _ := openGated(t)
	if err := c.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := pragmaNames(t, c)
	for _, name := range append(slices.Clone(read), call...) {
		if !slices.Contains(all, name) {
			t.Errorf("SQLite has no PRAGMA %s", name)
		}
	}
	for _, name := range all {
		reads := slices.Contains(read, name) || slices.Contains(call, name)
		takes := slices.Contains(call, name)
		for sql, want := range map[string]bool{
			"PRAGMA " + name: reads, "pragma MAIN." + strings.ToUpper(name): reads,
			"PRAGMA " + name + " = 1": takes, "PRAGMA " + name + "(1)": takes, "EXPLAIN PRAGMA " + name + " = 1": takes,
		} {
			_, err := run(t, c, sql, "")
			if got := wire.ErrorCode(err) != wire.CodeForbiddenStatement; got != want {
				t.Errorf("%s: %v, want allowed %v", sql, err, want)
			}
		}
	}
}

func pragmaNames(t *testing.T, c *Conn) []string {
	t.Helper()
	names := map[string]bool{"writable_schema": true, "nix": true}
	err := c.Query(func(r Row) error { names[r.Text(0)] = true; return nil }, `SELECT name FROM pragma_pragma_list`)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(names))
}

func TestVacuum(t *testing.T) {
	tests := []struct {
		sql, args string
		want      wire.Code
	}{
		{`VACUUM`, ``, ""},
		{`vacuum main; -- done`, ``, ""},
		{`VACUUM nix`, ``, wire.CodeSQLError},
		{`VACUUM INTO 'x.db'`, ``, wire.CodeForbiddenStatement},
		{`VACUUM INTO ?`, `["x.db"]`, wire.CodeForbiddenStatement},
		{`VACUUM INTO load_extension('x')`, ``, wire.CodeForbiddenStatement},
		{`VACUUM`, `[1]`, wire.CodeInvalidRequest},
		{`VACUUM; DROP TABLE _skylinedb_state`, ``, wire.CodeForbiddenStatement},
		// What looks like a comment behind the first semicolon is not one.
		{`VACUUM /*;--*/ ; DROP TABLE _skylinedb_state`, ``, wire.CodeForbiddenStatement},
		{"VACUUM --;/*\n; DROP TABLE _skylinedb_state", ``, wire.CodeForbiddenStatement},
		{`SELECT 1`, ``, wire.CodeForbiddenStatement},
	}
	c, _ := openGated(t)
	for _, tt := range tests {
		err := c.Vacuum(t.Context(), tt.sql, params(t, tt.args))
		if got := wire.ErrorCode(err); got != tt.want {
			t.Errorf("%s: %v, want %q", tt.sql, err, tt.want)
		}
	}
	if got := text(t, c, `SELECT rev FROM _skylinedb_state`); got != "7" {
		t.Errorf("the daemon's table has %s, want 7", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Vacuum(ctx, `VACUUM`, wire.Params{}); err != ErrInterrupted {
		t.Errorf("VACUUM with a context that is done: %v, want ErrInterrupted", err)
	}
}

func TestIsVacuum(t *testing.T) {
	tests := []struct {
		sql    string
		vacuum bool
	}{
		{`VACUUM`, true},
		{" \n;/* a */-- b\nVacuum;", true},
		{"\uFEFFVACUUM ; /* end */", true},
		{" \vVACUUM", true},
		{`VACUUM;SELECT 1`, true},
		{`VACUUMS`, false},
		{`VACUUM_x`, false},
		{`SELECT 1`, false},
		{``, false},
		{`/* VACUUM`, false},
		{`VACUU`, false},
	}
	for _, tt := range tests {
		if got := IsVacuum(tt.sql); got != tt.vacuum {
			t.Errorf("IsVacuum(%q) = %v", tt.sql, got)
		}
	}
}

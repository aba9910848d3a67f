package sqlite

import (
	"slices"
	"strings"
)

// gatePieces are what FuzzGate composes attacks of. The first stands for the
// fuzzed text.
var gatePieces = []string{
	"", " ", "\n", "\v", "\ufeff", ";", "/*", "*/", "--", "\n;", "(", ")", ",", "'", `"`, "`", "[", "]", ".", "*", "=", "?", "@a", "x'00'", "1", "NULL", "-1", "9e999",
	"EXPLAIN ", "EXPLAIN QUERY PLAN ", "WITH x AS (SELECT 1) ", "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM r) ", "SELECT ", " FROM ", " WHERE ", " UNION ALL ",
	"INSERT INTO ", "INSERT OR ROLLBACK INTO ", "REPLACE INTO ", "UPDATE ", " SET ", "DELETE FROM ", " VALUES(1,2)", " DEFAULT VALUES", " ON CONFLICT DO UPDATE SET ", " RETURNING *",
	"CREATE ", "TEMP ", "TEMPORARY ", "TABLE ", "UNIQUE INDEX ", "VIEW ", "TRIGGER ", "VIRTUAL TABLE ", "IF NOT EXISTS ", " AS SELECT ", " ON ", " USING fts5(", " USING rtree(", " USING dbstat",
	" AFTER INSERT ON ", " INSTEAD OF INSERT ON ", " BEGIN ", "; END", " WHEN ", " REFERENCES ", " CHECK(", " GENERATED ALWAYS AS (", " COLLATE ", " STRICT", " WITHOUT ROWID",
	"ALTER TABLE ", " RENAME TO ", " RENAME COLUMN ", " ADD COLUMN ", " DROP COLUMN ", "DROP TABLE ", "DROP INDEX ", "DROP TRIGGER ", "DROP VIEW ", "IF EXISTS ",
	"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT s", "RELEASE s", "ROLLBACK TO s", "ATTACH 'x.db' AS x", "ATTACH ", "DETACH ", "VACUUM", "VACUUM INTO 'x.db'", " INTO ",
	"PRAGMA ", "pragma_", "journal_mode", "writable_schema", "locking_mode", "synchronous", "foreign_keys", "query_only", "trusted_schema", "user_version", "optimize", "wal_checkpoint",
	"schema_version", "temp_store_directory", "incremental_vacuum", "integrity_check", "=ON", "=OFF", "=DELETE", "(1)", "('delete')", "ANALYZE ", "REINDEX ",
	"t", "u", "ft", "ft_data", "own_view", "main.", "temp.", "_skylinedb_state", "_SKYLINEDB_requests", "_skylinedb_x", "sqlite_schema", "sqlite_temp_schema", "sqlite_sequence", "sqlite_stat1",
	"a", "b", "rev", "id", "rowid", "load_extension('x')", "readfile('/etc/passwd')", "sqlite_log(1,'x')", "zeroblob(100000)", "randomblob(9)", "json_each('[1]')", "generate_series(1,3)",
	"RAISE(ROLLBACK,'x')", "RAISE(ABORT,'x')", "likely(", "abs(", "sum(a) OVER ()", "INSERT INTO ft(ft) VALUES('rebuild')", "MATCH 'a'", "x", "AS ", "OR ", "NOT ",
}

// compose makes SQL of pieces.
func compose(sql string, pieces []byte) string {
	var b strings.Builder
	for _, p := range pieces {
		if p == 0 {
			b.WriteString(sql)
		} else {
			b.WriteString(gatePieces[int(p)%len(gatePieces)])
		}
	}
	return b.String()
}

// gateSeeds are the statements of the gate's tests, and others that came near.
func gateSeeds() []string {
	return slices.Concat(forbidden, refused, allowed, deepStatements(), []string{
		`VACUUM /*;--*/ ; DROP TABLE _skylinedb_state`, " \vVACUUM", " \vVACUUM INTO 'x.db'", "\ufeff/**/\vVACUUM", `EXPLAIN VACUUM INTO 'x.db'`, `VACUUM temp`, `VACUUM;VACUUM`,
		`PRAGMA journal_mode = DELETE`, `SELECT * FROM pragma_journal_mode('delete')`, `SELECT * FROM pragma_table_info('u', 'temp')`, `PRAGMA temp.optimize`, `ANALYZE temp`,
		`PRAGMA optimize(-1)`, `PRAGMA user_version = 7`, `PRAGMA incremental_vacuum(1)`, `INSERT INTO u SELECT * FROM pragma_journal_mode, pragma_synchronous`,
		`CREATE VIEW v AS SELECT * FROM pragma_journal_mode; SELECT * FROM v`, `CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO t SELECT count(*) FROM pragma_foreign_keys; END; INSERT INTO t VALUES(1)`,
		`INSERT OR ROLLBACK INTO t VALUES(1)`, `CREATE TRIGGER g BEFORE INSERT ON t BEGIN SELECT RAISE(ROLLBACK, 'x'); END; INSERT INTO t VALUES(1)`,
		`CREATE TABLE p(a PRIMARY KEY); CREATE TABLE k(a REFERENCES p DEFERRABLE INITIALLY DEFERRED); INSERT INTO k VALUES(1)`,
		`CREATE TABLE p(a PRIMARY KEY); CREATE TABLE k(a REFERENCES p ON DELETE CASCADE); INSERT INTO p VALUES(1); INSERT INTO k VALUES(1); DELETE FROM p`,
		`WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM r) SELECT count(*) FROM r`, `WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM r) INSERT INTO t SELECT n FROM r`,
		`CREATE VIRTUAL TABLE v USING fts5(id, content=u)`, `CREATE VIRTUAL TABLE v USING fts5(id, content=_skylinedb_requests)`, `CREATE VIRTUAL TABLE temp.v USING fts5(a)`,
		`CREATE VIRTUAL TABLE r USING rtree(id,a,b); INSERT INTO r VALUES(1,2,3); DROP TABLE r`, `INSERT INTO ft(ft, rank) VALUES('rank', 'load_extension(1)')`,
		`CREATE TABLE q(a INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO sqlite_sequence VALUES('_skylinedb_state', 7)`, `ANALYZE; DELETE FROM sqlite_stat1`,
		`SELECT like(hex(zeroblob(500)), hex(zeroblob(500)))`, `SELECT length(group_concat(zeroblob(100000))) FROM generate_series(1,20)`, `SELECT json_extract('[1]', '$[#-1]')`,
		"SELECT 1 COLLATE " + strings.Repeat("x", 1<<20), "PRAGMA " + strings.Repeat("x", 1<<20),
	})
}

package hostile

import (
	"math/rand/v2"
	"strings"
)

// pieces are what random SQL is made of. None of them is without end.
var pieces = []string{
	"SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "REPLACE INTO ", "CREATE TABLE ", "CREATE INDEX ", "CREATE VIEW ", "CREATE TRIGGER ", "CREATE TEMP TABLE ", "CREATE VIRTUAL TABLE ",
	"DROP TABLE ", "DROP VIEW ", "DROP TRIGGER ", "ALTER TABLE ", "ATTACH 'x.db' AS x", "DETACH ", "VACUUM", "VACUUM INTO 'x.db'", "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT batch", "RELEASE batch",
	"ROLLBACK TO batch", "PRAGMA ", "EXPLAIN ", "ANALYZE", "REINDEX", "WITH w AS (SELECT 1) ", " FROM ", " WHERE ", " VALUES(1, 2)", " SET ", " AS ", " ON ", " USING fts5(a)", " USING rtree(i, a, b)", " RENAME TO ",
	" ADD COLUMN ", " AFTER INSERT ON ", " INSTEAD OF DELETE ON ", " BEGIN ", "; END", " RETURNING *", " ON CONFLICT DO UPDATE SET ", " DEFAULT VALUES", " UNION ALL ", " ORDER BY ", " LIMIT 3", " GROUP BY ", " COLLATE nocase",
	"t", "u", "v", "ft", "ft_data", "x", "_skylinedb_state", "_skylinedb_requests", "\"_SKYLINEDB_state\"", "sqlite_schema", "sqlite_temp_schema", "sqlite_sequence", "temp.x", "main.t", "pragma_journal_mode", "pragma_table_list",
	"a", "b", "rev", "id", "*", "1", "-1", "0.5", "NULL", "'text'", "x'00ff'", "9223372036854775807", "9e999", "?", "?1", ":a", "@b", "$c", "(", ")", ",", ";", "=", "+", "||", "'", "\"", "`", "[", "]", "--", "/*", "*/", "\n", "\v", "\ufeff", "\x00",
	"journal_mode", "writable_schema", "user_version", "foreign_keys", "synchronous", "=OFF", "=7", "(1)", "load_extension('x')", "zeroblob(100)", "randomblob(100)", "hex(", "abs(", "json('[1]')", "json_set('{}', '$.a', 1)",
	"RAISE(ROLLBACK, 'x')", "RAISE(ABORT, 'x')", "INSERT OR ROLLBACK INTO ", "count(*)", "last_insert_rowid()", "changes()", " LIKE '%a%'", " IS NOT NULL", " IN (1, 2)", " BETWEEN 1 AND 2", "CASE WHEN 1 THEN 2 END", "/**/", ";;",
}

// whole are statements that often succeed, so that there is something to harm.
var whole = []string{
	`INSERT INTO t VALUES(1, 2)`, `INSERT INTO t SELECT a, b FROM t LIMIT 5`, `UPDATE t SET a = a + 1`, `DELETE FROM t WHERE a > 5`, `SELECT * FROM t`, `INSERT INTO ft VALUES('some words')`, `DELETE FROM ft`, `CREATE TABLE IF NOT EXISTS x(a, b)`,
	`DROP TABLE IF EXISTS x`, `INSERT INTO k(a) VALUES(7)`, `INSERT INTO k(id) VALUES(1)`, `INSERT OR ROLLBACK INTO k(id) VALUES(1)`, `CREATE VIEW IF NOT EXISTS w AS SELECT * FROM t`, `DROP VIEW IF EXISTS w`, `PRAGMA user_version = 3`, `PRAGMA integrity_check`,
	`INSERT INTO t VALUES(?, ?)`, `INSERT INTO t VALUES(:a, @b)`, `SELECT ?`, `UPDATE t SET b = ?1`, `ALTER TABLE t ADD COLUMN c`, `ALTER TABLE t DROP COLUMN c`, `CREATE INDEX IF NOT EXISTS ti ON t(a)`, `DROP INDEX IF EXISTS ti`, `ANALYZE`, `REINDEX`,
	`INSERT INTO u VALUES(1)`, `INSERT INTO own_view VALUES(1, 2, 3)`, `DELETE FROM parent`, `INSERT INTO rt VALUES(NULL, 1, 2)`, `VACUUM`, ``, `-- nothing`, `SELECT load_extension('x')`, `ATTACH ':memory:' AS m`, `COMMIT`,
}

// randomSQL returns a text that may be SQL.
func randomSQL(r *rand.Rand) string {
	if r.IntN(3) == 0 {
		return pick(r, whole)
	}
	var b strings.Builder
	for range 1 + r.IntN(12) {
		if r.IntN(8) == 0 {
			b.WriteString(pick(r, whole))
		}
		b.WriteString(pick(r, pieces))
		if r.IntN(4) == 0 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

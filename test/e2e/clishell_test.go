package e2e

import (
	"path/filepath"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// The shell's own commands, from a pipe.
func TestShellCommands(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	c.OK(harness.Batch("a.db", `CREATE UNIQUE INDEX t_n ON t(n)`, `CREATE VIEW all_t AS SELECT * FROM t`, `CREATE VIRTUAL TABLE words USING fts5(w)`))
	dir := harness.Dir(t)
	good, twice := filepath.Join(dir, "good 1.csv"), filepath.Join(dir, "twice.csv")
	writeFile(t, good, "client,n\n1,0\n2,1\n")
	writeFile(t, twice, linesOfT(30_000, 20_000))
	sh := shell{t: t, socket: d.Socket, dir: d.Dir, stdin: ".tables\n.schema T\n.mode csv\n" +
		".import '" + good + "' t\nBEGIN;\nINSERT INTO t VALUES(3, -3);\n.import " + twice + " t\nCOMMIT;\n" +
		"SELECT count(*) AS rows FROM t; PRAGMA user_version = 7; PRAGMA user_version;\n" +
		"WITH w AS (SELECT 9 AS n) INSERT INTO t(n) SELECT n FROM w RETURNING n;\n" +
		"CREATE TRIGGER r AFTER INSERT ON t BEGIN\n  DELETE FROM words;\nEND;\nVACUUM;\n.quit\nSELECT 1;\n"}
	sh.want(result{
		Out:    "all_t\nt\nwords\n" + createT + ";\nCREATE UNIQUE INDEX t_n ON t(n);\nrows\r\n3\r\nuser_version\r\n7\r\nn\r\n9\r\n",
		Err:    "✗ Error: line 7: line 20000: UNIQUE constraint failed: t.n; nothing was imported.\n  SQLITE_CONSTRAINT_UNIQUE\n",
		Status: 1,
	}, "shell", "a.db", "--keep-going")
	wantRows(t, d.File("a.db"), `SELECT (SELECT sum(n) FROM t) || ' ' || count(*) FROM sqlite_schema WHERE type = 'trigger'`, "7 1")
}

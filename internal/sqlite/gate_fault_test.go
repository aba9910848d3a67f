package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

// deepStatements exhaust SQLite's stack, each in another part of it.
func deepStatements() []string {
	repeat := strings.Repeat
	views, triggers := `CREATE VIEW v0 AS SELECT a FROM u`, ""
	for i := range 300 {
		views += fmt.Sprintf(`;CREATE VIEW v%d AS SELECT a FROM v%d`, i+1, i)
		triggers += fmt.Sprintf(`CREATE TABLE c%d(a);`, i)
	}
	for i := range 299 {
		triggers += fmt.Sprintf(`CREATE TRIGGER g%d AFTER INSERT ON c%d BEGIN INSERT INTO c%d VALUES(1); END;`, i, i, i+1)
	}
	return []string{
		`SELECT ` + repeat(`abs(`, 400) + `1` + repeat(`)`, 400),
		`SELECT a` + repeat(`||a`, 900) + ` FROM u`,
		`SELECT * FROM ` + repeat(`(SELECT * FROM `, 350) + `u` + repeat(`)`, 350),
		`SELECT a FROM u` + repeat(` EXCEPT SELECT b FROM u`, 400),
		`INSERT INTO t SELECT 1` + repeat(` UNION ALL SELECT 2`, 400),
		`SELECT json_set('{}', '$` + repeat(`.a`, 3000) + `', 1)`,
		views + `;SELECT * FROM v300`,
		triggers + `INSERT INTO c0 VALUES(1)`,
	}
}

// A statement that exhausts SQLite's stack, or has a name without end, is the
// client's mistake; and the connection, which has to be replaced, leaves the
// database as it was, with its lock free.
func TestFaultsOfStatements(t *testing.T) {
	for code, stmts := range map[string][]string{
		"SQLITE_NOMEM": deepStatements(),
		"SQLITE_TOOBIG": {
			`PRAGMA ` + strings.Repeat("x", 1<<20), `CREATE TABLE "` + strings.Repeat("x", 1<<20) + `"(a)`,
		},
	} {
		for _, sql := range stmts {
			c, file := openGated(t)
			if err := c.Begin(t.Context()); err != nil {
				t.Fatal(err)
			}
			mustRun(t, c, `INSERT INTO t VALUES(1)`)
			_, err := run(t, c, sql, "")
			if e := wire.AsError(err); e.Code != wire.CodeSQLError || e.SQLiteCode != code || !c.Broken() {
				t.Errorf("%.60s: %v (%s), broken %v; want %s", sql, err, e.SQLiteCode, c.Broken(), code)
			}
			c.Close() // it may fail: the connection is given up then
			next := openFile(t, file, Options{})
			if err := next.Begin(t.Context()); err != nil {
				t.Errorf("%.60s: the next connection: %v", sql, err)
			}
			if got := text(t, next, `SELECT count(*) FROM t`); got != "0" {
				t.Errorf("%.60s: %s rows are left of the transaction", sql, got)
			}
			next.Close()
		}
	}
}

// Statements of a kind that many programs make are not among them.
func TestLongStatements(t *testing.T) {
	repeat := strings.Repeat
	c, _ := openGated(t)
	for _, sql := range []string{
		`SELECT 1 FROM u WHERE a = 1` + repeat(` OR a = 2`, 900), `SELECT 1 FROM u WHERE a = 1` + repeat(` AND b = 2`, 900),
		`INSERT INTO t VALUES(1)` + repeat(`,(2)`, 20_000), `SELECT 1 FROM u WHERE a IN (1` + repeat(`,2`, 20_000) + `)`,
		`SELECT a` + repeat(`||a`, 200) + ` FROM u`, `INSERT INTO t SELECT 1` + repeat(` UNION ALL SELECT 2`, 150), `SELECT '` + repeat("x", 2<<20) + `'`,
	} {
		mustRun(t, c, sql)
	}
}

// An expression that the schema keeps is read whenever the database is opened:
// one that exhausts the stack would be the end of the database.
func TestDeepExpressionsStayOutOfTheSchema(t *testing.T) {
	abs := func(depth int, name string) string {
		return strings.Repeat("abs(", depth) + name + strings.Repeat(")", depth)
	}
	for _, shape := range []string{
		`CREATE TABLE x(a CHECK(%s))`, `CREATE TABLE x(a, b AS (%s))`, `CREATE INDEX x ON t(%s)`, `CREATE INDEX x ON t(a) WHERE %s`,
		`CREATE VIEW x AS SELECT %s FROM t`, `ALTER TABLE t ADD COLUMN b CHECK(%s)`, `CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT %s FROM t; END`,
	} {
		c, file := openGated(t)
		mustRun(t, c, fmt.Sprintf(shape, abs(maxSchemaDepth-5, "a")))
		c.Close()
		c = openFile(t, file, Options{})
		if ok, err := c.Intact(); !ok || err != nil {
			t.Errorf("%s: intact %v, %v", shape, ok, err)
		}
		c.Close()

		c, _ = openGated(t)
		if err := c.Begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := run(t, c, fmt.Sprintf(shape, abs(maxSchemaDepth+5, "a")), ""); wire.ErrorCode(err) != wire.CodeSQLError || c.Broken() {
			t.Errorf("%s: %v, broken %v; want %s", shape, err, c.Broken(), wire.CodeSQLError)
		}
		mustRun(t, c, `SELECT `+abs(maxSchemaDepth+5, "a")+` FROM t`) // kept nowhere
		c.Close()
	}
}

// Nor does one get in by a statement that had nothing to do at first.
func TestDeepExpressionInCachedStatement(t *testing.T) {
	c, _ := openGated(t)
	deep := `CREATE INDEX IF NOT EXISTS x ON t(` + strings.Repeat("abs(", 150) + "a" + strings.Repeat(")", 150) + `)`
	mustRun(t, c, `CREATE INDEX x ON t(a)`)
	if err := c.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{deep, `DROP INDEX x`} {
		if _, err := run(t, c, sql, ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := run(t, c, deep, ""); wire.ErrorCode(err) != wire.CodeSQLError || c.Broken() {
		t.Errorf("%v, broken %v; want %s", err, c.Broken(), wire.CodeSQLError)
	}
}

// Whatever stands where a long text is cut at first, it means what it says.
func TestLongTexts(t *testing.T) {
	const insert = `INSERT INTO t VALUES(1);`
	fill := strings.Repeat("x", firstLook)
	c, _ := openGated(t)
	for i, sql := range []string{
		strings.Repeat(insert, firstLook/len(insert)+2),
		`INSERT INTO t VALUES('` + fill + `');` + insert,
		`INSERT INTO t VALUES(';` + fill + `;');` + insert,
		`/*;` + fill + `;*/` + insert,
		strings.Repeat(";", 2*firstLook) + insert,
		insert + strings.Repeat(";", 2*firstLook),
		`CREATE TRIGGER g AFTER INSERT ON u BEGIN SELECT '` + fill + `'; SELECT 1; END;` + insert,
	} {
		for cut := 0; cut <= len(insert); cut += 3 { // the place of the cut moves over the end of a statement
			if err := c.Begin(t.Context()); err != nil {
				t.Fatal(err)
			}
			mustRun(t, c, strings.Repeat(" ", cut)+sql)
			want := fmt.Sprint(strings.Count(sql, "INSERT INTO t VALUES("))
			if got := text(t, c, `SELECT count(*) FROM t`); got != want {
				t.Errorf("text %d, moved by %d: %s rows, want %s", i, cut, got, want)
			}
			if err := c.Rollback(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

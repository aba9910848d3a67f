package e2e

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// dumped is a schema with one of everything.
var dumped = []string{
	`CREATE TABLE child(parent INTEGER REFERENCES parent(id), n INTEGER PRIMARY KEY)`,
	`CREATE TABLE parent(id INTEGER PRIMARY KEY AUTOINCREMENT, "a ""name""" TEXT, twice INTEGER AS (id * 2)) STRICT`,
	`CREATE TABLE keyed(k TEXT PRIMARY KEY, v) WITHOUT ROWID`,
	`CREATE TABLE v(x)`,
	`INSERT INTO parent(id, "a ""name""") VALUES(1, 'one'), (5, 'five'), (9, 'nine')`,
	`DELETE FROM parent WHERE id = 9`,
	`INSERT INTO child(parent) VALUES(1), (5)`,
	`INSERT INTO keyed VALUES('b', 1.0 / 3), ('a', x'00'), ('c', CAST(x'61ff62' AS TEXT))`,
	`CREATE VIEW seen AS SELECT id FROM parent -- a comment`,
	`CREATE INDEX parent_name ON parent("a ""name""") WHERE id > 0`,
	`CREATE TRIGGER counted AFTER INSERT ON child BEGIN UPDATE keyed SET v = v + 1 WHERE k = 'b'; SELECT ';'; END`,
	`CREATE VIRTUAL TABLE words USING fts5(w)`,
	`INSERT INTO words(rowid, w) VALUES(7, 'sirius vega'), (3, 'rigel')`,
	`CREATE VIRTUAL TABLE found USING fts5(parent, content='child', content_rowid='n')`,
	`INSERT INTO found(found) VALUES('rebuild')`,
	`CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, +note)`,
	`INSERT INTO boxes VALUES(4, 0.1, 0.2, 'here')`,
}

// A dump makes the same database again.
func TestDump(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{Flags: []string{"--foreign-keys"}})
	sh := shell{t: t, socket: d.Socket, dir: d.Dir}
	d.Dial().OK(harness.Batch("a.db", dumped...))
	makeValues(t, d, sh)
	dump := sh.run("dump", "a.db")
	if dump.Status != 0 || dump.Err != "" || strings.Contains(dump.Out, "_skylinedb_") {
		t.Fatalf("%+v", dump)
	}
	sh.stdin = dump.Out
	sh.want(result{}, "shell", "b.db")
	wantSameValues(t, d, "b.db")
	sh.want(dump, "dump", "--db", "b.db")
	sh.want(result{Out: "f,w,note,seq\r\n2,7,here,9\r\n"}, "query", "b.db", "--csv", `SELECT found.rowid AS f, words.rowid AS w, note, seq
FROM found('5'), words('vega'), boxes, sqlite_sequence WHERE x0 > 0.09`)
	sh.stdin = "INSERT INTO child(parent) VALUES(5);\n.dump child\n"
	if got := sh.run("shell", "b.db"); got.Status != 0 || !strings.Contains(got.Out, "(5,3);") || !strings.Contains(got.Out, "CREATE TRIGGER counted") || strings.Contains(got.Out, "keyed(k") {
		t.Errorf("%+v", got)
	}
	if got := sh.run("dump", "a.db", "nowhere"); got.Status != 1 || got.Out != "" {
		t.Errorf("a table that is not there: %+v", got)
	}
}

// A dump makes the same database again, whatever that is like.
func TestDumpHard(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"no tables":          {`CREATE TABLE t(a)`, `DROP TABLE t`},
		"version":            {`CREATE TABLE t(a)`, `PRAGMA user_version = 77`, `PRAGMA application_id = 5`},
		"index as parent":    {`CREATE TABLE p(a)`, `CREATE UNIQUE INDEX p_a ON p(a)`, `CREATE TABLE c(x REFERENCES p(a))`, `INSERT INTO p VALUES(1)`, `INSERT INTO c VALUES(1)`},
		"a ring":             {`CREATE TABLE a(id INTEGER PRIMARY KEY, b REFERENCES b(id))`, `CREATE TABLE b(id INTEGER PRIMARY KEY, a REFERENCES a(id))`, `INSERT INTO a VALUES(1, NULL)`, `INSERT INTO b VALUES(1, 1)`, `UPDATE a SET b = 1`},
		"reference to later": {`CREATE TABLE t(id INTEGER PRIMARY KEY, up REFERENCES t(id))`, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) INSERT INTO t SELECT i, NULL FROM n`, `UPDATE t SET up = 1200 WHERE id = 1`},
	}
	for name, sql := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := harness.Start(t, harness.Config{Flags: []string{"--foreign-keys"}})
			sh := shell{t: t, socket: d.Socket, dir: d.Dir}
			d.Dial().OK(harness.Batch("a.db", sql...))
			dump := sh.run("dump", "a.db")
			if dump.Status != 0 || dump.Err != "" {
				t.Fatalf("status %d: %s", dump.Status, dump.Err)
			}
			sh.stdin = dump.Out
			sh.want(result{}, "shell", "b.db")
			sh.stdin = ""
			if again := sh.run("dump", "b.db"); again.Status != 0 || again.Out != dump.Out {
				t.Errorf("the dump of the copy is another: status %d: %s", again.Status, again.Err)
			}
			const version = `SELECT user_version, application_id FROM pragma_user_version, pragma_application_id`
			want := sh.run("query", "a.db", "--csv", version)
			sh.want(want, "query", "b.db", "--csv", version)
		})
	}
}

// A dump makes the same tables with SQLite itself.
func TestDumpForSQLite(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	sh := shell{t: t, socket: d.Socket, dir: d.Dir}
	d.Dial().OK(harness.Batch("a.db", dumped...))
	makeValues(t, d, sh)
	dump := []string{"dump", "--db", "a.db", "parent", "CHILD", "keyed", "v", "seen"}
	text := sh.run(dump...)
	other := harness.Open(t, d.File("b.db"), "rwc")
	other.Exec(text.Out)
	other.Close()
	wantSameValues(t, d, "b.db")
	dump[2] = "b.db"
	sh.want(text, dump...)
	program := harness.Installed(t, "sqlite3")
	cmd := exec.CommandContext(patient(t), program, d.File("c.db"))
	cmd.Stdin = strings.NewReader(text.Out)
	wantResult(t, "sqlite3", finish(t, cmd), result{})
	wantSameValues(t, d, "c.db")
}

// A database of more tables than one query reads is dumped all the same.
func TestDumpManyTables(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	sh := shell{t: t, socket: d.Socket, dir: d.Dir}
	var sql strings.Builder
	for n := range 1100 {
		fmt.Fprintf(&sql, "CREATE TABLE t%d(id INTEGER PRIMARY KEY AUTOINCREMENT, b); INSERT INTO t%d(b) VALUES('x');\n", n, n)
	}
	sh.stdin = "BEGIN;\n" + sql.String() + "COMMIT;\n"
	sh.want(result{}, "shell", "a.db")
	dump := sh.run("dump", "a.db")
	if n := strings.Count(dump.Out, "\n(1,'x');\n"); n != 1100 || dump.Status != 0 {
		t.Fatalf("%d tables, status %d, %q", n, dump.Status, dump.Err)
	}
	sh.stdin = dump.Out
	sh.want(result{}, "shell", "b.db")
	sh.want(dump, "dump", "b.db")
}

// All tables of a dump are of one snapshot, whatever is written meanwhile.
func TestDumpSnapshot(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	c.OK(harness.Batch("a.db", `CREATE TABLE u(n)`, `CREATE TABLE filler(x)`,
		`WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 50000) INSERT INTO filler SELECT hex(randomblob(30)) FROM n`))
	sh := shell{t: t, socket: d.Socket, dir: d.Dir}
	done := make(chan result)
	go func() { done <- sh.run("dump", "a.db") }()
	var dump result
	for n, ended := 0, false; !ended; n++ {
		c.OK(harness.Batch("a.db", insertT(1, n), `INSERT INTO u VALUES(`+strconv.Itoa(n)+`)`))
		select {
		case dump = <-done:
			ended = true
		default:
		}
	}
	sh.stdin = dump.Out
	sh.want(result{}, "shell", "b.db")
	wantRows(t, d.File("b.db"), `SELECT (SELECT count(*) FROM t) = (SELECT count(*) FROM u) AND (SELECT count(*) FROM filler) = 50000`, "1")
}

package hostile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// appetite is a statement that wants more than there is.
type appetite struct {
	sql  string
	want wire.Code // "" for a success
	// sqlite is the extended code of a SQL_ERROR, where there is one to expect.
	sqlite string
}

// endless are statements without end: they have a time.
var endless = []string{
	`WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r`,
	`WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) INSERT INTO t SELECT n FROM r`,
	`WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT n + 1 FROM r) SELECT n FROM r ORDER BY n`,
	`WITH RECURSIVE r(n) AS (SELECT zeroblob(1000000) UNION ALL SELECT n FROM r) SELECT max(length(n)) FROM r`,
	`SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b, generate_series(1, 1000000) c WHERE a.value + b.value = c.value * 0.5`,
	`INSERT INTO t SELECT randomblob(100) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b`,
	`SELECT sum(length(hex(randomblob(100000)))) FROM generate_series(1, 1000000000)`,
	`CREATE TABLE x AS SELECT a.value FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b`,
	`CREATE INDEX x ON t(a); INSERT INTO t SELECT value % 7 FROM generate_series(1, 1000000000)`,
	`INSERT INTO ft SELECT hex(randomblob(1000)) FROM generate_series(1, 1000000000)`,
	`INSERT INTO t VALUES(1); UPDATE t SET a = (SELECT count(*) FROM generate_series(1, 100000000000))`,
	`SELECT count(*) FROM json_each((SELECT json_group_array(value) FROM generate_series(1, 1000))), generate_series(1, 1000000000)`,
}

func appetites() []appetite {
	repeat := strings.Repeat
	list := []appetite{
		{`SELECT length(zeroblob(1000000000))`, wire.CodeSQLError, "SQLITE_TOOBIG"},
		{`INSERT INTO t VALUES(zeroblob(67108865))`, wire.CodeSQLError, "SQLITE_TOOBIG"},
		{`SELECT hex(zeroblob(50000000))`, wire.CodeSQLError, "SQLITE_TOOBIG"},
		{`SELECT length(randomblob(60000000))`, "", ""},
		{`SELECT printf('%.*c', 1000000000, 'x')`, wire.CodeSQLError, "SQLITE_TOOBIG"},
		{`SELECT format('%1000000000d', 1)`, wire.CodeSQLError, "SQLITE_TOOBIG"},
		{`SELECT replace(hex(zeroblob(10000000)), '0', 'xxxxxxxxxx')`, wire.CodeSQLError, "SQLITE_TOOBIG"},
		{`SELECT group_concat(hex(zeroblob(1000000))) FROM generate_series(1, 1000)`, wire.CodeSQLError, "SQLITE_TOOBIG"},
		{`SELECT length(json_group_array(hex(randomblob(100)))) FROM generate_series(1, 1000000)`, wire.CodeSQLError, "SQLITE_NOMEM"},
		{`SELECT 1 WHERE 1 IN (1` + repeat(`,1`, 3_500_000) + `)`, wire.CodeSQLError, "SQLITE_NOMEM"},
		{`SELECT ` + repeat(`(`, 100_000) + `1` + repeat(`)`, 100_000), wire.CodeSQLError, ""},
		{`SELECT ` + repeat(`- `, 900) + `1`, wire.CodeSQLError, "SQLITE_NOMEM"},
		{`SELECT ` + repeat(`NOT `, 100_000) + `1`, wire.CodeSQLError, ""},
		{`SELECT 1` + repeat(`+1`, 10_000), wire.CodeSQLError, ""},
		{`SELECT ` + repeat(`abs(`, 400) + `1` + repeat(`)`, 400), wire.CodeSQLError, "SQLITE_NOMEM"},
		{`SELECT * FROM ` + repeat(`(SELECT * FROM `, 400) + `t` + repeat(`)`, 400), wire.CodeSQLError, "SQLITE_NOMEM"},
		{`SELECT * FROM ` + repeat(`(SELECT * FROM `, 10_000) + `t` + repeat(`)`, 10_000), wire.CodeSQLError, ""},
		{`SELECT 1` + repeat(` UNION ALL SELECT 1`, 10_000), wire.CodeSQLError, ""},
		{`SELECT 1 FROM t` + repeat(` EXCEPT SELECT 2 FROM t`, 450), wire.CodeSQLError, "SQLITE_NOMEM"},
		{`VALUES(1)` + repeat(`,(1)`, 200_000), "", ""},
		{`SELECT ?` + repeat(`,?`, 40_000), wire.CodeSQLError, ""},
		{`SELECT ?40000`, wire.CodeSQLError, ""},
		{`SELECT 1` + repeat(`,1`, 40_000), wire.CodeSQLError, ""},
		{`SELECT 1 FROM t` + repeat(`, t`, 100), wire.CodeSQLError, ""},
		{`CREATE TABLE x(a` + repeat(`, a`, 3000) + `)`, wire.CodeSQLError, ""},
		{`SELECT like('` + repeat(`%a`, 20_000) + `', '` + repeat(`a`, 60_000) + `')`, wire.CodeSQLError, ""},
		{`SELECT glob('` + repeat(`*[a]`, 10_000) + `b', '` + repeat(`a`, 60_000) + `')`, wire.CodeSQLError, ""},
		{`SELECT '` + repeat(`a`, 2_000) + `' LIKE '` + repeat(`%a`, 490) + `%b'`, "", ""},
		{`SELECT regexp('` + repeat(`a?`, 2_000) + repeat(`a`, 2_000) + `', '` + repeat(`a`, 2_000) + `')`, wire.CodeSQLError, ""},
		{`SELECT regexp('(a*)*b', '` + repeat(`a`, 100_000) + `')`, "", ""},
		{`SELECT json('` + repeat(`[`, 1_000_000) + `')`, wire.CodeSQLError, ""},
		{`SELECT json('` + repeat(`[`, 2_000) + repeat(`]`, 2_000) + `')`, wire.CodeSQLError, ""},
		{`SELECT json_set('{}', '$` + repeat(`.a`, 3_000) + `', 1)`, wire.CodeSQLError, "SQLITE_NOMEM"},
		{`SELECT json_extract('[1]', '$` + repeat(`[0]`, 100_000) + `')`, "", ""},
		{`SELECT json(x'` + repeat(`cc`, 100_000) + `')`, wire.CodeSQLError, ""},
		{`SELECT json_extract((SELECT json_group_object('k' || value, value) FROM generate_series(1, 200000)), '$.k199999')`, "", ""},
		{`SELECT ` + repeat(`9`, 1_000_000) + `, 1` + repeat(`0`, 100_000) + `.0e-` + repeat(`9`, 1000) + `, -0.0, 9e999, 0x7fffffffffffffff`, "", ""},
		{`SELECT 0x` + repeat(`f`, 17), wire.CodeSQLError, ""},
		{`SELECT abs(-9223372036854775808)`, wire.CodeSQLError, ""},
		{`SELECT * FROM ft WHERE ft MATCH '` + repeat(`(`, 1000) + `a` + repeat(`)`, 1000) + `'`, wire.CodeSQLError, ""},
		{`SELECT "` + repeat(`x`, 3<<20) + `"`, "", ""},
		{`CREATE TABLE "` + repeat(`x`, 3<<20) + `"(a)`, wire.CodeSQLError, "SQLITE_TOOBIG"},
		{`PRAGMA ` + repeat(`x`, 3<<20), wire.CodeSQLError, "SQLITE_TOOBIG"},
		{`CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO t VALUES(new.a + 1); END; PRAGMA recursive_triggers; INSERT INTO t VALUES(1)`, "", ""},
		{`CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO u VALUES(1); END; CREATE TRIGGER y AFTER INSERT ON u BEGIN INSERT INTO t VALUES(1); END; INSERT INTO t VALUES(1)`, "", ""},
		{chainOfTriggers(300), wire.CodeSQLError, "SQLITE_NOMEM"},
		{chainOfViews(300), wire.CodeSQLError, "SQLITE_NOMEM"},
		{repeat(`;`, 5_000_000), "", ""},
		{repeat(`SELECT 1;`, 100_000), "", ""},
		{`/*` + repeat(`x`, 10_000_000), "", ""},
	}
	return list
}

func chainOfTriggers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `CREATE TABLE c%d(a);`, i)
	}
	for i := range n - 1 {
		fmt.Fprintf(&b, `CREATE TRIGGER g%d AFTER INSERT ON c%d BEGIN INSERT INTO c%d VALUES(1); END;`, i, i, i+1)
	}
	return b.String() + `INSERT INTO c0 VALUES(1)`
}

func chainOfViews(n int) string {
	b := `CREATE VIEW v0 AS SELECT a FROM t`
	for i := range n {
		b += fmt.Sprintf(`; CREATE VIEW v%d AS SELECT a FROM v%d`, i+1, i)
	}
	return b + fmt.Sprintf(`; SELECT * FROM v%d`, n)
}

// neighbours writes to a database of its own, and to the attacked one, and
// checks that both still serve, with no row more or less than they should.
type neighbours struct {
	t    *testing.T
	c    *harness.Conn
	revs map[string]int64
}

func newNeighbours(t *testing.T, d *harness.Daemon) *neighbours {
	t.Helper()
	n := &neighbours{t, d.Dial(), map[string]int64{}}
	for _, db := range []string{target, "b.db"} {
		n.revs[db] = *n.c.OK(harness.Batch(db, `CREATE TABLE t(a)`, `CREATE TABLE u(a)`, `CREATE VIRTUAL TABLE ft USING fts5(a)`, `CREATE TABLE honest(a)`)).Rev
	}
	return n
}

// write writes to both; what says what came before. Each rev of the attacked
// database must be accounted for.
func (n *neighbours) write(what string) {
	n.t.Helper()
	for db, rev := range n.revs {
		reply := n.c.Ask(harness.Batch(db, `INSERT INTO honest VALUES(1)`))
		if err := reply.Err(); err != nil {
			n.t.Fatalf("after %.80s, %s: %v", what, db, err)
		}
		if *reply.Rev != rev+1 {
			n.t.Errorf("after %.80s, %s is at rev %d, want %d", what, db, *reply.Rev, rev+1)
		}
		n.revs[db] = *reply.Rev
	}
}

// Statements that want more memory, stack or room than there is fail with a
// code that says so, leave nothing behind, and harm no other batch.
func TestAppetites(t *testing.T) {
	d := harness.Start(t, harness.Config{})
	n := newNeighbours(t, d)
	c := d.Dial()
	for _, a := range appetites() {
		reply := c.Ask(harness.Batch(target, `INSERT INTO t VALUES('undone')`, a.sql, `SELECT nothing`))
		if a.want == "" { // what comes behind fails instead
			a.want, a.sqlite = wire.CodeSQLError, "SQLITE_ERROR"
			if i := reply.StatementIndex; i == nil || *i != 2 {
				t.Errorf("%.80s: %v", a.sql, reply.Err())
			}
		}
		if reply.Code != a.want || a.sqlite != "" && reply.SQLiteCode != a.sqlite || reply.Message == "" || *reply.Retryable {
			t.Errorf("%.80s: %s %s %q, want %s %s", a.sql, reply.Code, reply.SQLiteCode, reply.Message, a.want, a.sqlite)
		}
		n.write(a.sql)
	}
	reader := harness.Open(t, d.File(target), "ro")
	defer reader.Close()
	if rows := reader.Int(`SELECT count(*) FROM t`); rows != 0 {
		t.Errorf("%d rows of the attacks are there", rows)
	}
}

// Statements without end, given a time, end with it, wholly undone.
func TestEndless(t *testing.T) {
	d := harness.Start(t, harness.Config{})
	n := newNeighbours(t, d)
	c := d.Dial()
	for i, sql := range endless {
		tx := []string{"atomic", "none"}[i%2]
		reply := c.Refused(harness.With(harness.With(harness.Batch(target, sql), "timeout_ms", 200), "tx", tx), wire.CodeTimeout)
		if !*reply.Retryable || reply.StatementIndex == nil {
			t.Errorf("%.80s: retryable %v, statement %v", sql, *reply.Retryable, reply.StatementIndex)
		}
		n.write(sql)
	}
	reader := harness.Open(t, d.File(target), "ro")
	defer reader.Close()
	if rows := reader.Int(`SELECT (SELECT count(*) FROM t) + (SELECT count(*) FROM u) + (SELECT count(*) FROM ft_docsize)`); rows != 0 {
		t.Errorf("%d rows of the attacks are there", rows)
	}
}

// A batch that exhausts SQLite costs the batches of its group nothing: they
// run again, and each is done once.
func TestGroupOfAppetites(t *testing.T) {
	d := harness.Start(t, harness.Config{})
	n := newNeighbours(t, d)
	deep := `SELECT ` + strings.Repeat(`abs(`, 400) + `1` + strings.Repeat(`)`, 400)
	c := d.Dial()
	var bodies []string
	for i := range 40 {
		bodies = append(bodies, harness.Batch(target, fmt.Sprintf(`INSERT INTO t VALUES(%d)`, i)))
		if i%4 == 0 {
			bodies = append(bodies, harness.Batch(target, `INSERT INTO t VALUES('undone')`, deep))
		}
	}
	if err := c.Send(bodies...); err != nil {
		t.Fatal(err)
	}
	revs := []int64{n.revs[target]}
	for _, body := range bodies {
		reply := c.Reply()
		if strings.Contains(body, "undone") {
			harness.WantCode(t, reply, wire.CodeSQLError)
		} else if err := reply.Err(); err != nil {
			t.Fatal(err)
		} else {
			revs = append(revs, *reply.Rev)
		}
	}
	if !slices.IsSorted(revs) || revs[len(revs)-1] != revs[0]+40 {
		t.Errorf("the revs are %v", revs)
	}
	reader := harness.Open(t, d.File(target), "ro")
	defer reader.Close()
	if got := reader.Text(`SELECT concat_ws(' ', count(*), count(DISTINCT a), sum(a)) FROM t`); got != "40 40 780" {
		t.Errorf("t has %s, want 40 40 780", got)
	}
}

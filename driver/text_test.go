package driver

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/wire"
)

// Where a text runs is told by its words, whatever stands between them.
func TestLook(t *testing.T) {
	tests := map[string]text{
		"":                         {reads: true},
		" -- nothing\n/* */;":      {reads: true},
		"select 1":                 {verb: "SELECT", reads: true},
		"/* INSERT */ Values(1);;": {verb: "VALUES", reads: true},
		"SELECT 'a;b', \"c;d\", `e;f`, [g;h], 'it''s;' -- ;": {verb: "SELECT", reads: true},
		"SELECT 1; SELECT 2":                   {verb: "SELECT", next: "1", reads: true, many: true},
		"SELECT 1; DELETE FROM t":              {verb: "SELECT", next: "1", many: true},
		"INSERT INTO t VALUES(1) RETURNING n":  {verb: "INSERT", next: "INTO"},
		"EXPLAIN QUERY PLAN DELETE FROM t":     {verb: "EXPLAIN", next: "QUERY", reads: true},
		"WITH a AS (SELECT 1) SELECT * FROM a": {verb: "SELECT", next: "A", reads: true},
		"WITH RECURSIVE a(n) AS NOT MATERIALIZED (VALUES(1)), b AS (SELECT 2) UPDATE t SET n = 1": {verb: "UPDATE", next: "RECURSIVE"},
		"WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a":                                      {verb: "INSERT", next: "A"},
		"WITH a AS (SELECT 1) REPLACE INTO t SELECT * FROM a":                                     {verb: "REPLACE", next: "A"},
		"WITH replace AS (SELECT 1) SELECT * FROM replace":                                        {verb: "SELECT", reads: true},
		"WITH a AS (SELECT 1), replace AS (SELECT 2) DELETE FROM t":                               {verb: "DELETE", next: "A"},
		"BEGIN IMMEDIATE": {verb: "BEGIN", next: "IMMEDIATE"},
		"CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END;": {verb: "CREATE", next: "TRIGGER", many: true},
		"PRAGMA table_info(t)":       {verb: "PRAGMA", next: "TABLE_INFO", reads: true},
		"PRAGMA main.table_info = t": {verb: "PRAGMA", next: "TABLE_INFO", reads: true},
		"PRAGMA user_version":        {verb: "PRAGMA", next: "USER_VERSION", reads: true},
		"PRAGMA user_version = 7":    {verb: "PRAGMA", next: "USER_VERSION"},
		"PRAGMA foreign_keys":        {verb: "PRAGMA", next: "FOREIGN_KEYS"},
		"'no statement'":             {verb: "?"},
		"(SELECT 1)":                 {verb: "?"},
		"SELECT 'open":               {verb: "SELECT", reads: true},
		"SELECT /* open":             {verb: "SELECT", reads: true},
	}
	for sql, want := range tests {
		got := look(sql)
		if got.next != want.next && want.next == "" {
			got.next = "" // of no interest
		}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", sql, got, want)
		}
	}
}

// Any text is looked at to its end.
func FuzzLook(f *testing.F) {
	f.Add("WITH a AS (SELECT ';') SELECT [b] FROM `c`; -- d")
	f.Fuzz(func(_ *testing.T, sql string) { look(sql) })
}

// A name that cannot be meant is refused before anything is opened.
func TestName(t *testing.T) {
	for _, dsn := range []string{":memory:", "file:a.db", "/a.db", "../a.db", "a/../../b.db"} {
		_, err := Driver{}.OpenConnector(dsn)
		wantCode(t, err, wire.CodeInvalidDatabaseName)
	}
	for _, dsn := range []string{"a.db?cache=shared", "a.db?sync=off", "a.db?idle=5", "a.db?lease=-1s", "a.db?readers=0", "a.db?autostart=maybe", "a.db?%zz"} {
		_, err := Driver{}.OpenConnector(dsn)
		wantCode(t, err, wire.CodeInvalidRequest)
	}
	got, err := parseName("a/b.db?dir=%2Fd&socket=s&daemon=p&autostart=0&sync=full&idle=1m&lease=2m&readers=3&events=0")
	if err != nil {
		t.Fatal(err)
	}
	want := source{db: "a/b.db", sync: wire.SyncFull, idle: 60e9, lease: 120e9, readers: 3}
	want.client.Dir, want.client.Socket, want.client.Daemon, want.client.NoAutostart = "/d", "s", "p", true
	if d := cmp.Diff(want, got, cmp.AllowUnexported(source{}), cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Getenv" }, cmp.Ignore())); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if got, err := parseName(""); err != nil || got.db != wire.DefaultDB {
		t.Errorf("no name: %+v, %v", got, err)
	}
}

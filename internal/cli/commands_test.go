package cli_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/wire"
)

// serve starts a daemon that has queries, transactions and subscriptions. The
// rows of its queries are the statements that it has executed.
func serve(t *testing.T) (*fakedaemon.Daemon, shell) {
	t.Helper()
	d := fakedaemon.StartServer(t, fakedaemon.NewStore(t.TempDir()).Serve)
	return d, at(d.Socket)
}

func TestQuery(t *testing.T) {
	_, sh := serve(t)
	sh.run(t, "exec", "--db", "a.db", "A", "B", "C")
	tests := []struct{ args, want string }{
		{"query a.db SQL", "id  sql\n--  ---\n 1  A\n 2  B\n 3  C\n3 rows\n"},
		{"query --db a.db SQL --csv", "id,sql\r\n1,A\r\n2,B\r\n3,C\r\n"},
		{"query a.db SQL --json", "[{\"id\":1,\"sql\":\"A\"},\n{\"id\":2,\"sql\":\"B\"},\n{\"id\":3,\"sql\":\"C\"}]\n"},
		{"query a.db SQL --ndjson --limit 1", "{\"id\":1,\"sql\":\"A\"}\n"},
		{"query a.db SQL --limit 2", "id  sql\n--  ---\n 1  A\n 2  B\n2 rows, and there are more\n"},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) { check(t, sh.run(t, strings.Fields(test.args)...), result{Out: test.want}) })
	}
	check(t, sh.run(t, "query", "a.db", "fail"), result{Err: "✗ Error: UNIQUE constraint failed: stars.name.\n  statement 1, SQLITE_CONSTRAINT_UNIQUE\n", Code: 1})
	if r := sh.run(t, "query", "a.db", "fail", "--json"); r.Code != 1 || !strings.HasPrefix(r.Out, `{"status":"error","code":"SQL_ERROR"`) {
		t.Errorf("got %+v", r)
	}
}

func TestQueryRequests(t *testing.T) {
	d, sh := serve(t)
	sh.stdin = "FROM STDIN"
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"A"}, `"sql":"A"`},
		{[]string{"A", "--param", "1", "-p", "x"}, `"sql":"A","params":[1,"x"]`},
		{[]string{"A", "--named", "a=null"}, `"sql":"A","params":{"a":null}`},
		{[]string{"-f", "-"}, `"sql":"FROM STDIN"`},
		{[]string{"A", "--limit", "0", "--min-rev", "7", "--timeout", "1.5s"}, `"sql":"A","limit":0,"min_rev":7,"timeout_ms":1500`},
	}
	for _, test := range tests {
		sh.run(t, append([]string{"query"}, test.args...)...)
		all := d.Requests()
		last := *all[len(all)-1]
		last.ID = nil
		got := wire.AppendRequest(nil, &last)
		want, err := wire.ParseRequest([]byte(`{"type":"Query","db":"data.db",` + test.want + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(wire.AppendRequest(nil, want)), string(got)); diff != "" {
			t.Error(diff)
		}
	}
}

// Rows that end with a failure are not taken for all of them.
func TestQueryFailsLate(t *testing.T) {
	d := fakedaemon.StartServer(t, func(c *fakedaemon.Call) bool {
		r := wire.OK()
		r.Columns, r.Types, r.Rows, r.More = []string{"a"}, []string{""}, wire.RowsOf([]byte("[[1]]")), true
		return c.Send(r) && c.Send(wire.Failure(wire.Errorf(wire.CodeSnapshotTooLong, "It took too long.")))
	})
	check(t, at(d.Socket).run(t, "query", "A", "--json"), result{Out: "[{\"a\":1}\n", Err: "✗ Error: It took too long.\n", Code: 1})
	check(t, at(d.Socket).run(t, "query", "A"), result{Out: "a\n-\n1\n", Err: "✗ Error: It took too long.\n", Code: 1})
}

func TestWatch(t *testing.T) {
	_, sh := serve(t)
	for range 3 {
		sh.run(t, "exec", "--db", "a.db", "A")
	}
	check(t, sh.run(t, "watch", "a.db", "--rev", "1", "--epoch", "e1", "--count", "1"),
		result{Out: "✓ Watching a.db, rev 3, open\na.db rev 3: anything may have changed\n"})
	check(t, sh.run(t, "watch", "a.db", "--rev", "1", "--epoch", "e1", "--count", "1", "--json"),
		result{Out: "{\"event\":\"subscribed\",\"db\":\"a.db\",\"rev\":3,\"epoch\":\"e1\",\"state\":\"open\"}\n" +
			"{\"event\":\"commit\",\"db\":\"a.db\",\"rev\":3,\"epoch\":\"e1\",\"missed\":true}\n"})
	check(t, sh.run(t, "watch", "--wait", "50ms"), result{Out: "✓ Watching all databases\n"})
}

func TestShell(t *testing.T) {
	_, sh := serve(t)
	tests := []struct {
		name, stdin, args string
		want              result
	}{
		{"rows", "CREATE TABLE t(a);\nINSERT\nINTO t;\nSELECT 1;\n", "a.db",
			result{Out: "id  sql\n--  ------------------\n 1  CREATE TABLE t(a);\n 2  INSERT\\nINTO t;\n2 rows\n"}},
		{"mode", ".mode csv\nSELECT 1;", "a.db", result{Out: "id,sql\r\n1,CREATE TABLE t(a);\r\n2,\"INSERT\nINTO t;\"\r\n"}},
		{"a byte order mark", "\ufeff.mode csv\n\ufeff\n", "a.db", result{Err: "✗ Error: line 2: The last statement has no semicolon behind it and was not executed.\n", Code: 1}},
		{"the flag", "SELECT 1;", "b.db --mode json", result{Out: "[]\n"}},
		{"no semicolon", "A;\nDELETE FROM t", "c.db", result{Err: "✗ Error: line 2: The last statement has no semicolon behind it and was not executed.\n", Code: 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sh.stdin = test.stdin
			check(t, sh.run(t, append([]string{"shell"}, strings.Fields(test.args)...)...), test.want)
		})
	}
	failure := "✗ Error: line 2: UNIQUE constraint failed: stars.name.\n  SQLITE_CONSTRAINT_UNIQUE\n"
	sh.stdin = "A;\nfail;\n.bad\nSELECT 1;\n"
	check(t, sh.run(t, "shell", "e.db"), result{Err: failure, Code: 1})
	check(t, sh.run(t, "shell", "e.db", "--keep-going", "--mode", "ndjson"), result{
		Out: "{\"id\":1,\"sql\":\"A;\"}\n{\"id\":2,\"sql\":\"A;\"}\n", Code: 1,
		Err: failure + "✗ Error: line 3: There is no command .bad: .help tells those that there are.\n",
	})
}

func TestShellTransactions(t *testing.T) {
	_, sh := serve(t)
	sh.stdin = "BEGIN; A; SELECT 1; ROLLBACK TRANSACTION;\n begin immediate; B; COMMIT; SELECT 2;\n"
	check(t, sh.run(t, "shell", "--mode", "ndjson"), result{Out: "{\"id\":1,\"sql\":\"A;\"}\n{\"id\":1,\"sql\":\"B;\"}\n"})
	sh.stdin = "BEGIN;\nC;\n"
	check(t, sh.run(t, "shell"), result{Err: "✗ Error: line 2: There was no COMMIT: the transaction was rolled back.\n", Code: 1})
	for stdin, says := range map[string]string{"BEGIN; BEGIN;": "open already", "COMMIT;": "no transaction", "END;": "no transaction", "ROLLBACK;": "no transaction"} {
		sh.stdin = stdin
		if r := sh.run(t, "shell"); r.Code != 1 || !strings.Contains(r.Err, says) {
			t.Errorf("%q: got %+v", stdin, r)
		}
	}
	sh.stdin = "SELECT 3;"
	check(t, sh.run(t, "shell", "--mode", "ndjson"), result{Out: "{\"id\":1,\"sql\":\"B;\"}\n"})
}

// Wrong usage of the commands that name a database first.
func TestCommandUsage(t *testing.T) {
	_, sh := serve(t)
	tests := []struct{ args, says string }{
		{"query", "one statement"},
		{"query a.db A B", "one statement"},
		{"query --db a.db b.db A", "one statement"},
		{"query A --json --csv", "use one of"},
		{"query A --csv --ndjson", "use one of"},
		{"query A --limit -1", "negative"},
		{"query A --timeout 0", "at least 1ms"},
		{"query -f - --params-json -", "not both"},
		{"watch a b", "accepts at most 1"},
		{"watch --db a b", "name one database"},
		{"watch --rev 1", "--rev goes with one database"},
		{"watch a.db --epoch x", "--epoch goes with --rev"},
		{"watch --count -1", "negative"},
		{"shell --db a b", "name one database"},
		{"shell --mode x", "table, csv, json, ndjson, line"},
		{"dump --json", "leave out --json"},
		{"import x.csv", "a FILE and a TABLE"},
		{"import a b c d", "a FILE and a TABLE"},
		{"import x.dat t", "--format csv or ndjson"},
		{"import x.csv t --format xml", "use csv or ndjson"},
		{"import x.ndjson t --no-header", "are for CSV"},
		{"import x.csv t --delimiter ab", "one character"},
		{"import x.csv t --batch -1", "negative"},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			r := sh.run(t, strings.Fields(test.args)...)
			if r.Code != 2 || !strings.Contains(r.Err+r.Out, test.says) {
				t.Errorf("got %+v, want %q", r, test.says)
			}
		})
	}
	if r := sh.run(t, "import", filepath.Join(t.TempDir(), "none.csv"), "t"); r.Code != 1 || !strings.Contains(r.Err, "none.csv") {
		t.Errorf("got %+v", r)
	}
}

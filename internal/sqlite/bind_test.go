package sqlite

import (
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

func params(t testing.TB, text string) wire.Params {
	t.Helper()
	if text == "" {
		return wire.Params{}
	}
	p, err := wire.ParseParams([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBoundValues(t *testing.T) {
	tests := []struct{ json, want string }{
		{`null`, "null|NULL"},
		{`true`, "integer|1"},
		{`false`, "integer|0"},
		{`-9223372036854775808`, "integer|-9223372036854775808"},
		{`9223372036854775807`, "integer|9223372036854775807"},
		{`{"$int":"-9223372036854775808"}`, "integer|-9223372036854775808"},
		{`9007199254740993`, "integer|9007199254740993"},
		{`2.0`, "real|2.0"},
		{`1e308`, "real|1.0e+308"},
		{`{"$real":"inf"}`, "real|Inf"},
		{`{"$real":"-inf"}`, "real|-Inf"},
		{`""`, "text|''"},
		{`"a'b"`, "text|'a''b'"},
		{`{"$blob":""}`, "blob|X''"},
		{`{"$blob":"AAEC"}`, "blob|X'000102'"},
		{`[1,{"a":null}]`, `text|'[1,{"a":null}]'`},
		{`{"b":[2]}`, `text|'{"b":[2]}'`},
	}
	c, _ := openTest(t)
	for _, tt := range tests {
		mustRun(t, c, `DELETE FROM t`)
		for _, form := range []struct{ sql, args string }{
			{`INSERT INTO t VALUES(?)`, `[` + tt.json + `]`},
			{`INSERT INTO t VALUES(:v)`, `{"v":` + tt.json + `}`},
		} {
			if _, err := run(t, c, form.sql, form.args); err != nil {
				t.Errorf("%s: %v", tt.json, err)
			}
		}
		got := text(t, c, `SELECT group_concat(typeof(a) || '|' || CASE
			WHEN a IS NULL THEN 'NULL' WHEN a = 9e999 OR a = -9e999 THEN a ELSE quote(a) END, ' ') FROM t`)
		if want := tt.want + " " + tt.want; got != want {
			t.Errorf("%s is stored as %s, want %s", tt.json, got, want)
		}
	}
}

func TestBoundTextKeepsNUL(t *testing.T) {
	c, _ := openTest(t)
	if _, err := run(t, c, `INSERT INTO t VALUES(?)`, `["a\u0000b"]`); err != nil {
		t.Fatal(err)
	}
	if got := text(t, c, `SELECT hex(a) || typeof(a) FROM t`); got != "610062text" {
		t.Errorf("stored %s, want 610062text", got)
	}
	if _, err := run(t, c, "INSERT INTO t VALUES('a\x00b')", ""); wire.ErrorCode(err) != wire.CodeInvalidRequest {
		t.Errorf("NUL in the SQL text: %v, want %s", err, wire.CodeInvalidRequest)
	}
}

func TestParameterErrors(t *testing.T) {
	tests := []struct {
		sql, args string
		want      wire.Code
	}{
		{`INSERT INTO t VALUES(?)`, ``, wire.CodeInvalidRequest},
		{`INSERT INTO t VALUES(?)`, `[]`, wire.CodeInvalidRequest},
		{`INSERT INTO t VALUES(?)`, `[1,2]`, wire.CodeInvalidRequest},
		{`INSERT INTO t VALUES(?2)`, `[1,2]`, ""},
		{`INSERT INTO t VALUES(1)`, `[1]`, wire.CodeInvalidRequest},
		{`INSERT INTO t VALUES(?)`, `{"a":1}`, wire.CodeInvalidRequest},
		{`INSERT INTO t VALUES(:a)`, `{"b":1}`, wire.CodeInvalidRequest},
		{`INSERT INTO t VALUES(:a)`, `{}`, wire.CodeInvalidRequest},
		{`INSERT INTO t VALUES(:a)`, `{"a":1,"b":1}`, wire.CodeInvalidRequest},
		{`INSERT INTO t VALUES(:a)`, `{":a":1}`, ""},
		{`INSERT INTO t VALUES(@a)`, `{"a":1}`, ""},
		{`INSERT INTO t VALUES($a)`, `{"$a":1}`, ""},
		{`INSERT INTO t VALUES(:a)`, `{"@a":1}`, wire.CodeInvalidRequest},
		{`INSERT INTO t VALUES(:a)`, `[1]`, ""},
		{`INSERT INTO t VALUES(1); INSERT INTO t VALUES(2)`, `[1]`, wire.CodeInvalidRequest},
		{`INSERT INTO t VALUES(?); -- that is all`, `[1]`, ""},
		{``, `[1]`, wire.CodeInvalidRequest},
		{`-- nothing`, `[1]`, wire.CodeInvalidRequest},
		{``, ``, ""},
		{` ;; /* nothing */ `, ``, ""},
		{`SELEC 1`, ``, wire.CodeSQLError},
		{`INSERT INTO t VALUES(1); INSERT INTO nix VALUES(2)`, ``, wire.CodeSQLError},
	}
	c, _ := openTest(t)
	for _, tt := range tests {
		_, err := run(t, c, tt.sql, tt.args)
		if got := wire.ErrorCode(err); got != tt.want {
			t.Errorf("%s with %s: %v, want %q", tt.sql, tt.args, err, tt.want)
		}
	}
}

package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReplyRoundTrip(t *testing.T) {
	for _, c := range []struct {
		r    *Reply
		want string
	}{
		{OK(), `{"status":"ok"}`},
		{&Reply{Status: "ok", ID: json.RawMessage(`null`)}, `{"id":null,"status":"ok"}`},
		{
			&Reply{Status: "ok", ID: json.RawMessage(`["<&>\u2028", 1e400,-0.0]`), Rev: pointer[int64](math.MaxInt64), RowsAffected: pointer[int64](0), LastInsertRowID: pointer[int64](math.MinInt64)},
			`{"id":["<&>\u2028",1e400,-0.0],"status":"ok","rev":9223372036854775807,"rows_affected":0,"last_insert_rowid":-9223372036854775808}`,
		},
		{&Reply{Status: "ok", Closed: true, ReadersRemaining: pointer(false)}, `{"status":"ok","closed":true,"readers_remaining":false}`},
		{&Reply{Status: "ok", Rev: pointer[int64](0), Epoch: pointer(""), Protocol: Protocol}, `{"status":"ok","rev":0,"epoch":"","protocol":1}`},
		{
			Failure(&Error{Code: CodeSQLError, Message: `near "<": syntax error`, SQLiteCode: "SQLITE_ERROR", StatementIndex: pointer(0), Rev: pointer[int64](1), RowsAffected: pointer[int64](0)}),
			`{"status":"error","code":"SQL_ERROR","message":"near \"<\": syntax error","retryable":false,"sqlite_code":"SQLITE_ERROR","statement_index":0,"rev":1,"rows_affected":0}`,
		},
	} {
		body, err := AppendReply([]byte("x"), c.r)
		if err != nil {
			t.Errorf("%+v: %v", c.r, err)
			continue
		}
		if diff := cmp.Diff("x"+c.want, string(body)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		got, err := ParseReply(body[1:])
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		again, err := AppendReply([]byte("x"), got)
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(string(body), string(again)); diff != "" {
			t.Errorf("parsed and encoded again (-want +got):\n%s", diff)
		}
	}
	if _, err := AppendReply(nil, &Reply{Status: "ok", ID: json.RawMessage(`{`)}); err == nil {
		t.Error("an id that is not JSON was encoded")
	}
}

func TestParseReplyRefuses(t *testing.T) {
	for _, body := range []string{
		``, `null`, `5`, `[]`, `{}`, `{"status":"OK"}`, `{"status":5}`, `{"status":"ok"} x`, `{"status":"error","message":"m"}`,
		`{"status":"ok","rev":9223372036854775808}`, `{"status":"ok","rev":1.5}`,
	} {
		if r, err := ParseReply([]byte(body)); err == nil {
			t.Errorf("%s: accepted as %+v", body, r)
		}
	}
}

func TestFailureAndErr(t *testing.T) {
	if err := OK().Err(); err != nil {
		t.Errorf("a success tells %v", err)
	}
	in := &Error{
		Code: CodeTimeout, Message: "m", Retryable: true, SQLiteCode: "SQLITE_INTERRUPT",
		StatementIndex: pointer(2), Rev: pointer[int64](3), RowsAffected: pointer[int64](4), Cause: io.EOF,
	}
	out, ok := errors.AsType[*Error](Failure(fmt.Errorf("wrapped: %w", in)).Err())
	if !ok {
		t.Fatal("not an Error")
	}
	want := *in
	want.Cause = nil // it does not travel
	if diff := cmp.Diff(&want, out); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r := Failure(io.EOF); r.Code != CodeInternal || r.Message == "" || *r.Retryable {
		t.Errorf("a foreign error tells %+v", r)
	}
}

func BenchmarkAppendReply(b *testing.B) {
	r := &Reply{Status: "ok", ID: json.RawMessage("7"), Rev: pointer[int64](42), RowsAffected: pointer[int64](1), LastInsertRowID: pointer[int64](99)}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = AppendReply(buf[:0], r); err != nil {
			b.Fatal(err)
		}
	}
}

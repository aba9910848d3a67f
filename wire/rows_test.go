package wire

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The rows are found where they are, and nowhere else.
func TestReplyRows(t *testing.T) {
	for _, tt := range []struct{ body, rows string }{
		{`{"status":"ok","rows":[[1,"rows"],[null,{"$int":"9007199254740993"}]],"more":true}`, `[[1,"rows"],[null,{"$int":"9007199254740993"}]]`},
		{`{"rows" : [] ,"status":"ok"}`, `[]`},
		{`{"status":"ok","id":{"rows":[[7]]},"columns":["\"rows\":","rows"]}`, ``},
		{`{"status":"ok","results":[{"rows_affected":0,"last_insert_rowid":0,"columns":["a"],"types":[""],"rows":[[7]]}]}`, ``},
	} {
		r, err := ParseReply([]byte(tt.body))
		if err != nil {
			t.Errorf("%s: %v", tt.body, err)
			continue
		}
		if got := string(r.Rows.Text()); got != tt.rows {
			t.Errorf("%s: rows %s, want %s", tt.body, got, tt.rows)
		}
		again, err := AppendReply(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		second, err := ParseReply(again)
		if diff := cmp.Diff(r, second, cmp.AllowUnexported(Rows{})); err != nil || diff != "" {
			t.Errorf("%s, encoded and decoded: %v\n%s", tt.body, err, diff)
		}
	}
	for _, body := range []string{`{"status":"ok","rows":[[1]}`, `{"status":"ok","rows":[[1]]`, `{"rows":[]}`, `["rows"]`} {
		if r, err := ParseReply([]byte(body)); err == nil {
			t.Errorf("%s: accepted as %+v", body, r)
		}
	}
}

func TestRowsEach(t *testing.T) {
	var got [][]Value
	err := RowsOf([]byte(`[[1,2.5],[],["x",{"$blob":"AA=="}]]`)).Each(func(row []Value) error {
		got = append(got, append([]Value{}, row...))
		return nil
	})
	want := [][]Value{{{Kind: Integer, Int: 1}, {Kind: Real, Float: 2.5}}, {}, {{Kind: Text, Bytes: []byte("x")}, {Kind: Blob, Bytes: []byte{0}}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	stop := errors.New("stop")
	if err := RowsOf([]byte(`[[1],[2]]`)).Each(func([]Value) error { return stop }); err != stop {
		t.Errorf("the function's error comes back as %v", err)
	}
	if err := RowsOf([]byte(`[1]`)).Each(func([]Value) error { return nil }); err == nil {
		t.Error("a row that is no array is accepted")
	}
	if err := (Rows{}).Each(func([]Value) error { return stop }); err != nil {
		t.Errorf("no rows: %v", err)
	}
}

func TestParamRowsAdd(t *testing.T) {
	var p ParamRows
	for _, row := range [][]any{{1, "a"}, {}, {nil, []byte{1}}} {
		if err := p.Add(row...); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := string(p.Text()), `[[1,"a"],[],[null,{"$blob":"AQ=="}]]`; got != want || p.Len() != 3 {
		t.Errorf("%s with %d rows, want %s", got, p.Len(), want)
	}
	if err := p.Add(func() {}); err == nil {
		t.Error("a function is accepted as a parameter")
	}
}

// The size of what is long is told exactly, or rather what stands between its
// quotes.
func TestEncodedSize(t *testing.T) {
	for _, text := range []string{strings.Repeat("plain é ", 1000), strings.Repeat("\x00\n\"\\", 2000)} {
		v := Value{Kind: Text, Bytes: []byte(text)}
		if got, want := EncodedSize(v), len(AppendValue(nil, v))-2; got != want {
			t.Errorf("a text of %d bytes: %d, want %d", len(text), got, want)
		}
	}
	v := Value{Kind: Blob, Bytes: make([]byte, 10_001)}
	if got, want := EncodedSize(v), len(AppendValue(nil, v))-len(`{"$blob":""}`); got != want {
		t.Errorf("a BLOB: %d, want %d", got, want)
	}
}

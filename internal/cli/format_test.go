package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

func text(s string) wire.Value   { return wire.Value{Kind: wire.Text, Bytes: []byte(s)} }
func integer(i int64) wire.Value { return wire.Value{Kind: wire.Integer, Int: i} }
func real(f float64) wire.Value  { return wire.Value{Kind: wire.Real, Float: f} }
func blob(s string) wire.Value   { return wire.Value{Kind: wire.Blob, Bytes: []byte(s)} }

// rowsThat returns a result of rows that end with err, if there is one.
func rowsThat(err error, columns []string, all ...client.Row) result {
	return result{columns, func(yield func(client.Row, error) bool) {
		for _, row := range all {
			if !yield(row, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}, func() bool { return false }}
}

func printed(t *testing.T, mode string, width int, r result) string {
	t.Helper()
	var b strings.Builder
	var o output
	_ = o.print(r, &b, mode, width) // the caller knows of the error
	if o.err != nil {
		t.Error(o.err)
	}
	return b.String()
}

var someRows = []client.Row{
	{integer(1), text("Sirius"), real(-1.5)},
	{integer(200), text("a\nb\x1b[1m"), {}},
	{{}, blob("\x00\xff"), real(math.Inf(1))},
}

func TestForms(t *testing.T) {
	columns := []string{"id", "name", "id"}
	tests := map[string]string{
		modeTable:  "  id  name             id\n----  -------------  ----\n   1  Sirius         -1.5\n 200  a\\nb\\u001b[1m  NULL\nNULL  X'00FF'         Inf\n3 rows\n",
		modeCSV:    "id,name,id\r\n1,Sirius,-1.5\r\n200,\"a\nb\x1b[1m\",\r\n,X'00ff',Inf\r\n",
		modeNDJSON: "{\"id\":1,\"name\":\"Sirius\",\"id:1\":-1.5}\n{\"id\":200,\"name\":\"a\\u000ab\\u001b[1m\",\"id:1\":null}\n{\"id\":null,\"name\":{\"$blob\":\"AP8=\"},\"id:1\":{\"$real\":\"inf\"}}\n",
		modeJSON:   "[{\"id\":1,\"name\":\"Sirius\",\"id:1\":-1.5},\n{\"id\":200,\"name\":\"a\\u000ab\\u001b[1m\",\"id:1\":null},\n{\"id\":null,\"name\":{\"$blob\":\"AP8=\"},\"id:1\":{\"$real\":\"inf\"}}]\n",
		modeLine:   "  id = 1\nname = Sirius\n  id = -1.5\n\n  id = 200\nname = a\\nb\\u001b[1m\n  id = NULL\n\n  id = NULL\nname = X'00FF'\n  id = Inf\n",
	}
	for mode, want := range tests {
		t.Run(mode, func(t *testing.T) {
			if diff := cmp.Diff(want, printed(t, mode, 0, rowsThat(nil, columns, someRows...))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNoRows(t *testing.T) {
	for mode, want := range map[string]string{modeTable: "a\n-\n0 rows\n", modeCSV: "a\r\n", modeJSON: "[]\n", modeNDJSON: "", modeLine: ""} {
		if got := printed(t, mode, 0, rowsThat(nil, []string{"a"})); got != want {
			t.Errorf("%s: got %q, want %q", mode, got, want)
		}
	}
}

// A result that ends with a failure is not taken for a whole one.
func TestCutRows(t *testing.T) {
	r := func() result { return rowsThat(errors.New("no more"), []string{"a"}, client.Row{integer(1)}) }
	if got := printed(t, modeJSON, 0, r()); json.Valid([]byte(got)) || !strings.Contains(got, `{"a":1}`) {
		t.Errorf("got %q", got)
	}
	if got := printed(t, modeTable, 0, r()); got != "a\n-\n1\n" {
		t.Errorf("got %q", got)
	}
}

// A terminal's lines are not broken; elsewhere nothing is cut.
func TestTableWidth(t *testing.T) {
	long := strings.Repeat("x", 100)
	columns := []string{"n", "text", "more"}
	row := client.Row{integer(7), text(long), text("東京" + long)}
	for line := range strings.Lines(printed(t, modeTable, 40, rowsThat(nil, columns, row))) {
		if n := textWidth(strings.TrimSuffix(line, "\n")); n > 40 {
			t.Errorf("a line has %d columns: %q", n, line)
		}
	}
	if got := printed(t, modeTable, 0, rowsThat(nil, columns, row)); !strings.Contains(got, long+"  東京"+long) {
		t.Errorf("got %q", got)
	}
}

// Rows beyond the sample are written as they come, in the same columns.
func TestTableStreams(t *testing.T) {
	var b strings.Builder
	wide := strings.Repeat("w", 30)
	r := result{[]string{"a", "b"}, func(yield func(client.Row, error) bool) {
		for i := range 20_000 {
			s := "x"
			if i == 19_999 {
				s = wide
			}
			if !yield(client.Row{text(s), integer(int64(i))}, nil) {
				return
			}
			if i == 19_998 && b.Len() == 0 {
				t.Error("nothing was written before the last row")
			}
		}
	}, func() bool { return true }}
	var o output
	if err := o.print(r, &b, modeTable, 0); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("x  19998\n%s  19999\n20000 rows, and there are more\n", wide); !strings.HasSuffix(b.String(), want) {
		t.Errorf("it ends with %q", b.String()[b.Len()-80:])
	}
}

func TestDistinct(t *testing.T) {
	got := distinct([]string{"a", "a", "a:1", "a", "b"})
	if diff := cmp.Diff([]string{"a", "a:2", "a:1", "a:3", "b"}, got); diff != "" {
		t.Error(diff)
	}
}

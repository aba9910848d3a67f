package client

import (
	"database/sql"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/wire"
)

// Each destination takes what it can hold as it is, and nothing else.
func TestScan(t *testing.T) {
	type id int32
	type name string
	v := func(kind wire.Kind, text string) wire.Value { return wire.Value{Kind: kind, Bytes: []byte(text)} }
	i := func(i int64) wire.Value { return wire.Value{Kind: wire.Integer, Int: i} }
	real, null := wire.Value{Kind: wire.Real, Float: 1.5}, wire.Value{}
	seven, text := int64(7), "x"
	type refusal struct{}
	refused := any(refusal{})
	for _, test := range []struct {
		value wire.Value
		dest  any
		want  any // what dest points to then, or refused
	}{
		{i(7), new(int64), int64(7)}, {i(7), new(int8), int8(7)}, {i(7), new(uint), uint(7)}, {i(7), new(id), id(7)},
		{i(7), new(float64), 7.0}, {i(1), new(bool), true}, {i(7), new(*int64), &seven}, {i(7), new(any), any(seven)},
		{i(300), new(int8), refused}, {i(-1), new(uint), refused}, {i(1<<53 + 1), new(float64), refused}, {i(2), new(bool), refused},
		{i(7), new(string), refused}, {i(7), new([]byte), refused},
		{real, new(float64), 1.5}, {real, new(float32), float32(1.5)}, {real, new(any), any(1.5)}, {real, new(int), refused},
		{v(wire.Text, "x"), new(string), "x"}, {v(wire.Text, "x"), new(name), name("x")}, {v(wire.Text, "x"), new(*string), &text},
		{v(wire.Text, "x"), new([]byte), []byte("x")}, {v(wire.Text, "x"), new(any), any("x")}, {v(wire.Text, "1"), new(int), refused},
		{v(wire.Blob, "x"), new([]byte), []byte("x")}, {v(wire.Blob, ""), new([]byte), []byte{}}, {v(wire.Blob, "x"), new(any), any([]byte("x"))},
		{v(wire.Blob, "x"), new(wire.Value), v(wire.Blob, "x")}, {v(wire.Blob, "x"), new(string), refused}, {v(wire.Blob, "x"), new([]int), refused},
		{null, new(int64), refused}, {null, new(string), refused}, {null, new(*int64), (*int64)(nil)}, {null, new(any), any(nil)},
		{null, new([]byte), []byte(nil)}, {null, new(sql.NullInt64), sql.NullInt64{}},
		{i(7), new(sql.NullInt64), sql.NullInt64{Int64: 7, Valid: true}}, {v(wire.Text, "x"), new(sql.Null[string]), sql.Null[string]{V: "x", Valid: true}},
		{i(7), 7, refused}, {i(7), (*int)(nil), refused},
	} {
		err := Row{test.value}.Scan(test.dest)
		if test.want == refused {
			if err == nil {
				t.Errorf("%v was scanned to a %T", describe(test.value), test.dest)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v to a %T: %v", describe(test.value), test.dest, err)
		} else if got := reflect.ValueOf(test.dest).Elem().Interface(); !cmp.Equal(got, test.want) {
			t.Errorf("%v to a %T: got %v, want %v", describe(test.value), test.dest, got, test.want)
		}
	}
	if err := (Row{i(1), i(2)}).Scan(nil, new(int)); err != nil {
		t.Error(err)
	}
	if err := (Row{i(1), null}).Scan(new(int), new(int)); err == nil || !strings.Contains(err.Error(), "column 1") {
		t.Errorf("got %v, want the column", err)
	}
	if err := (Row{i(1)}).Scan(); err == nil {
		t.Error("a column was lost")
	}
}

// A value that was scanned is a copy.
func TestScanCopies(t *testing.T) {
	frame := []byte("abc")
	var a any
	var b []byte
	var c wire.Value
	blob := wire.Value{Kind: wire.Blob, Bytes: frame}
	if err := (Row{blob, blob, blob}).Scan(&a, &b, &c); err != nil {
		t.Fatal(err)
	}
	copy(frame, "xyz")
	check(t, nil, []string{string(a.([]byte)), string(b), string(c.Bytes)}, []string{"abc", "abc", "abc"})
}

// Results are what each statement did, with the rows it returned.
func TestResults(t *testing.T) {
	r := wire.OK()
	r.Results = []wire.StmtResult{
		{RowsAffected: 2, LastInsertRowID: 2, Columns: []string{"id"}, Types: []string{"INTEGER"}, Rows: wire.RowsOf([]byte(`[[1],[2]]`))},
		{LastInsertRowID: 2},
	}
	d, c := served(t, frames(r))
	many, err := Many("INSERT INTO t VALUES (?, ?) RETURNING id", func(yield func([]any) bool) {
		_ = yield([]any{1, "a"}) && yield([]any{2, nil})
	})
	check(t, err, string(many.Rows.Text()), `[[1,"a"],[2,null]]`)
	res, err := c.ExecBatch(bg(t), Batch{Stmts: []Stmt{many, SQL("DELETE FROM u")}, Results: true})
	check(t, err, len(res.Results), 2)
	var ids []int64
	for row, err := range res.Results[0].All() {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, row[0].Int)
	}
	for range res.Results[0].All() {
		break
	}
	for range res.Results[1].All() {
		t.Error("a statement without rows has one")
	}
	check(t, nil, ids, []int64{1, 2})
	check(t, nil, res.Results[0].Columns, []string{"id"})
	got := d.Requests()[0]
	check(t, nil, []any{got.Results, got.Stmts[0].Rows.Len()}, []any{true, 2})

	_, err = Many("x", func(yield func([]any) bool) { yield([]any{"\xff"}) })
	wantCode(t, err, wire.CodeInvalidRequest)
	_, err = c.Exec(bg(t), "", Stmt{SQL: "x", Args: []any{1}, Rows: many.Rows})
	wantCode(t, err, wire.CodeInvalidRequest)
	bad := StmtResult{Rows: wire.RowsOf([]byte(`[7]`))}
	for _, err := range bad.All() {
		wantCode(t, err, wire.CodeUnavailable)
	}
}

// BenchmarkRows reads a result of small rows that comes as fast as it is read.
func BenchmarkRows(b *testing.B) {
	text := []byte{'['}
	rows := 0
	for ; len(text) < 64<<10; rows++ {
		text = append(text, `[123456,"Sirius",-1.46],`...)
	}
	text[len(text)-1] = ']'
	frame := wire.OK()
	frame.More, frame.Rows = true, wire.RowsOf(text)
	body, err := wire.AppendFrame(nil, func(b []byte) ([]byte, error) { return wire.AppendReply(b, frame) })
	if err != nil {
		b.Fatal(err)
	}
	d := fakedaemon.StartServer(b, func(c *fakedaemon.Call) bool {
		for {
			if !c.SendFrame(body) {
				return false
			}
		}
	})
	c, err := Open(Options{Socket: d.Socket, NoAutostart: true})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	got, err := c.Select(b.Context(), "", "x")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	n := 0
	for row, err := range got.All() {
		var id int64
		var magnitude float64
		if err == nil {
			err = row.Scan(&id, nil, &magnitude)
		}
		if err != nil {
			b.Fatal(err)
		}
		if n++; n == b.N {
			break
		}
	}
}

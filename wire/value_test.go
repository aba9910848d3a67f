package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sameValue tells values apart to the bit, unlike ==: -0.0 is not 0.0.
var sameValue = cmp.Comparer(func(a, b Value) bool {
	return a.Kind == b.Kind && a.Int == b.Int && math.Float64bits(a.Float) == math.Float64bits(b.Float) && bytes.Equal(a.Bytes, b.Bytes)
})

// parseValue decodes one parameter.
func parseValue(text []byte) (Value, error) {
	if err := checkJSON(text); err != nil {
		return Value{}, err
	}
	s := &scanner{data: text}
	return s.value()
}

func integer(i int64) Value { return Value{Kind: Integer, Int: i} }
func float(f float64) Value { return Value{Kind: Real, Float: f} }
func text(s string) Value   { return Value{Kind: Text, Bytes: []byte(s)} }
func blob(b ...byte) Value  { return Value{Kind: Blob, Bytes: b} }
func pointer[T any](x T) *T { return &x }
func checkRoundTrip(t *testing.T, v Value) bool {
	t.Helper()
	form := AppendValue(nil, v)
	got, err := parseValue(form)
	if err != nil {
		t.Errorf("%+v: %s: %v", v, form, err)
		return false
	}
	if diff := cmp.Diff(v, got, sameValue); diff != "" {
		t.Errorf("%s (-want +got):\n%s", form, diff)
		return false
	}
	return true
}

func TestValueRoundTrip(t *testing.T) {
	for _, v := range []Value{
		{},
		integer(0), integer(-1), integer(math.MaxInt64), integer(math.MinInt64),
		integer(maxSafe), integer(-maxSafe), integer(maxSafe + 1), integer(-maxSafe - 1), integer(maxSafe + 2),
		float(0), float(math.Copysign(0, -1)), float(2), float(-2.5), float(1e15), float(1e21), float(1e-7), float(1e308),
		float(math.MaxFloat64), float(math.SmallestNonzeroFloat64), float(math.Inf(1)), float(math.Inf(-1)),
		float(1 << 53), float(1<<53 + 2), float(-9223372036854775808),
		text(""), text("\x00"), text("a\x00b"), text("\"\\/\b\f\n\r\t\x1f\x7f"), text("é😀\u2028\ufffd"), text(`{"$int":"1"}`), text("null"),
		blob(), blob(0), blob(0xff, 0xfe), blob(bytes.Repeat([]byte{0xaa}, 1000)...),
	} {
		checkRoundTrip(t, v)
	}
}

func TestValueProperties(t *testing.T) {
	edges := []int64{math.MaxInt64, math.MinInt64, maxSafe, -maxSafe, maxSafe + 1, -maxSafe - 1, 0}
	properties := map[string]any{
		"integers": func(i int64) bool { return checkRoundTrip(t, integer(i)) },
		"integers near an edge": func(edge uint8, d int8) bool {
			return checkRoundTrip(t, integer(edges[int(edge)%len(edges)]+int64(d)))
		},
		"floats of any bits": func(bits uint64) bool {
			f := math.Float64frombits(bits)
			return math.IsNaN(f) || checkRoundTrip(t, float(f))
		},
		"floats that are whole": func(i int32) bool { return checkRoundTrip(t, float(float64(i))) },
		"texts":                 func(s string) bool { return checkRoundTrip(t, text(s)) },
		"blobs":                 func(b []byte) bool { return checkRoundTrip(t, blob(b...)) },
	}
	for name, property := range properties {
		t.Run(name, func(t *testing.T) {
			if err := quick.Check(property, &quick.Config{MaxCount: 2000}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAppendValue(t *testing.T) {
	for _, c := range []struct {
		v    Value
		want string
	}{
		{Value{}, `null`},
		{integer(maxSafe), `9007199254740991`},
		{integer(maxSafe + 1), `{"$int":"9007199254740992"}`},
		{integer(-maxSafe), `-9007199254740991`},
		{integer(-maxSafe - 1), `{"$int":"-9007199254740992"}`},
		{float(2), `2.0`},
		{float(math.Copysign(0, -1)), `-0.0`},
		{float(1e308), `1e+308`},
		{float(math.Inf(1)), `{"$real":"inf"}`},
		{float(math.Inf(-1)), `{"$real":"-inf"}`},
		{float(math.NaN()), `null`},
		{text("a\x00\"\\\x1f<é"), `"a\u0000\"\\\u001f<é"`},
		{text("a\xff\xfeb"), `"a` + "\ufffd" + `b"`},
		{blob(), `{"$blob":""}`},
		{blob(0, 1, 0xff), `{"$blob":"AAH/"}`},
	} {
		got := string(AppendValue([]byte("x"), c.v))
		if got != "x"+c.want {
			t.Errorf("AppendValue(%+v) = %s, want %s", c.v, got, c.want)
		}
	}
}

func TestEmptyBlobIsNotNil(t *testing.T) {
	v, err := parseValue([]byte(`{"$blob":""}`))
	if err != nil || v.Kind != Blob || v.Bytes == nil {
		t.Errorf("got %#v, %v: an empty BLOB must not look like NULL", v, err)
	}
}

type (
	name   string
	level  int
	colour struct{ r, g, b uint8 }
	point  struct {
		X int    `json:"x"`
		S string `json:"s"`
	}
)

func (c *colour) MarshalJSON() ([]byte, error) {
	return json.Marshal([]int{int(c.r), int(c.g), int(c.b)})
}

func TestValueOf(t *testing.T) {
	when := time.Date(2024, 2, 29, 12, 0, 0, 5, time.UTC)
	var noTime *time.Time
	var noBig *big.Int
	var noRaw *json.RawMessage
	for _, c := range []struct {
		in   any
		want Value
	}{
		{nil, Value{}},
		{true, integer(1)},
		{false, integer(0)},
		{int8(-8), integer(-8)},
		{uint64(math.MaxInt64), integer(math.MaxInt64)},
		{level(3), integer(3)},
		{float32(0.5), float(0.5)},
		{math.Inf(1), float(math.Inf(1))},
		{2.0, float(2)},
		{"a\x00b", text("a\x00b")},
		{name("n"), text("n")},
		{[]byte{}, blob()},
		{[]byte(nil), Value{}},
		{[]byte{1}, blob(1)},
		{text("v"), text("v")},
		{pointer(text("v")), text("v")},
		{when, text("2024-02-29T12:00:00.000000005Z")},
		{&when, text("2024-02-29T12:00:00.000000005Z")},
		{pointer(&when), text("2024-02-29T12:00:00.000000005Z")},
		{noTime, Value{}},
		{pointer(7), integer(7)},
		{(*int)(nil), Value{}},
		{pointer([]byte{1}), blob(1)},
		{pointer[any](nil), Value{}},
		{json.RawMessage(` {"a": "<b>" }`), text(` {"a": "<b>" }`)},
		{pointer(json.RawMessage(`[1, 2]`)), text(`[1, 2]`)},
		{json.RawMessage(nil), Value{}},
		{json.RawMessage(` null`), Value{}},
		{noRaw, Value{}},
		{big.NewInt(12), text("12")},
		{noBig, Value{}},
		{&colour{1, 2, 3}, text("[1,2,3]")},
		{point{1, "<&>"}, text(`{"x":1,"s":"<&>"}`)},
		{&point{1, "x"}, text(`{"x":1,"s":"x"}`)},
		{[]int{1, 2}, text("[1,2]")},
		{[]int(nil), Value{}},
		{map[string]any{"a": nil}, text(`{"a":null}`)},
	} {
		got, err := ValueOf(c.in)
		if err != nil {
			t.Errorf("ValueOf(%#v): %v", c.in, err)
			continue
		}
		if diff := cmp.Diff(c.want, got, sameValue); diff != "" {
			t.Errorf("ValueOf(%#v) (-want +got):\n%s", c.in, diff)
		}
	}
	for _, in := range []any{
		uint64(math.MaxInt64 + 1), math.NaN(), float32(math.NaN()), "\xff", name("\xc0"), pointer("\xff"),
		float(math.NaN()), text("\xff"), json.RawMessage(`{`), json.RawMessage{}, json.RawMessage("\"\xff\""),
		make(chan int), func() {}, map[string]any{"f": math.Inf(1)},
	} {
		if v, err := ValueOf(in); err == nil {
			t.Errorf("ValueOf(%#v) = %+v, want an error", in, v)
		}
	}
}

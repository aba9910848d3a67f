package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"unicode/utf8"
)

// FuzzValue encodes any value, and decodes any text. What is encoded is JSON
// and decodes to the same value; what is accepted has one form from then on,
// and is what encoding/json reads where that can say it.
func FuzzValue(f *testing.F) {
	for _, text := range valueSeeds() {
		f.Add(uint8(Null), int64(0), 0.0, []byte(text))
	}
	for _, v := range []Value{
		integer(0), integer(math.MaxInt64), integer(math.MinInt64), integer(maxSafe), integer(maxSafe + 1), integer(-maxSafe - 1),
		float(0), float(math.Copysign(0, -1)), float(2), float(1e21), float(1e-7), float(1 << 53), float(math.MaxFloat64),
		float(math.SmallestNonzeroFloat64), float(math.Inf(1)), float(math.Inf(-1)), float(math.NaN()),
		text(""), text("a\x00b"), text("\xff"), text("\"\\/\x1f\x7f\u2028😀"), text("\xed\xa0\x80"), text(`{"$int":"1"}`),
		blob(), blob(0, 1, 0xff), blob(bytes.Repeat([]byte{0xaa}, 100)...),
	} {
		f.Add(uint8(v.Kind), v.Int, v.Float, v.Bytes)
	}
	f.Fuzz(func(t *testing.T, kind uint8, i int64, fl float64, b []byte) {
		v := Value{Kind: Kind(kind % 5)}
		switch v.Kind {
		case Integer:
			v.Int = i
		case Real:
			v.Float = fl
		case Text, Blob:
			v.Bytes = b
		}
		form := AppendValue(nil, v)
		if !json.Valid(form) || !utf8.Valid(form) {
			t.Fatalf("%+v encodes as %q, which is not JSON", v, form)
		}
		if v.check() == nil {
			checkRoundTrip(t, v)
			checkParams(t, v)
		}

		// The same bytes as JSON: what is accepted encodes and decodes again.
		if v, err := parseValue(b); err == nil {
			if err := v.check(); err != nil {
				t.Fatalf("%q: accepted as %+v, but %v", b, v, err)
			}
			checkRoundTrip(t, v)
			checkParams(t, v)
			checkAgainstStandard(t, b, v)
		}
	})
}

// checkParams checks that v passes through parameters, by place and by name.
func checkParams(t *testing.T, v Value) {
	t.Helper()
	byPlace, err := NewParams(v, v)
	if err != nil {
		t.Fatalf("%+v: %v", v, err)
	}
	byName, err := NamedParams(map[string]any{"a\"\x00": v})
	if err != nil {
		t.Fatalf("%+v: %v", v, err)
	}
	for _, p := range []Params{byPlace, byName} {
		again, err := ParseParams(p.raw)
		if err != nil || again.Len() != p.Len() || again.Named() != p.Named() {
			t.Fatalf("%q: %+v, %v", p.raw, again, err)
		}
		for name, got := range again.All() {
			if p.Named() != (name == "a\"\x00") || !sameBits(got, v) {
				t.Fatalf("%q yields %q = %+v, want %+v", p.raw, name, got, v)
			}
		}
	}
}

func sameBits(a, b Value) bool {
	return a.Kind == b.Kind && a.Int == b.Int && math.Float64bits(a.Float) == math.Float64bits(b.Float) && bytes.Equal(a.Bytes, b.Bytes)
}

// checkAgainstStandard compares a value with what encoding/json reads in it.
func checkAgainstStandard(t *testing.T, text []byte, v Value) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var std any
	if err := d.Decode(&std); err != nil {
		t.Fatalf("%q: accepted, but encoding/json says %v", text, err)
	}
	switch std := std.(type) {
	case string:
		if v.Kind != Text || string(v.Bytes) != std {
			t.Errorf("%q: got %+v, want the text %q", text, v, std)
		}
	case json.Number:
		if i, err := std.Int64(); err == nil {
			if v.Kind != Integer || v.Int != i {
				t.Errorf("%q: got %+v, want the integer %d", text, v, i)
			}
		} else if f, err := std.Float64(); v.Kind != Real || err != nil || v.Float != f {
			t.Errorf("%q: got %+v, want the float %v", text, v, f)
		}
	case nil:
		if v.Kind != Null {
			t.Errorf("%q: got %+v, want NULL", text, v)
		}
	case bool:
		if v.Kind != Integer || (v.Int == 1) != std || v.Int&^1 != 0 {
			t.Errorf("%q: got %+v, want %v", text, v, std)
		}
	case []any:
		if v.Kind != Text || string(v.Bytes) != string(bytes.Trim(text, " \t\r\n")) {
			t.Errorf("%q: got %+v, want its text", text, v)
		}
	case map[string]any:
		checkObject(t, text, std, v)
	}
}

// checkObject checks that an object is its own text, but for the tagged forms.
func checkObject(t *testing.T, text []byte, std map[string]any, v Value) {
	t.Helper()
	kinds := map[string]Kind{blobKey: Blob, intKey: Integer, realKey: Real}
	if len(std) == 1 {
		for name := range std {
			if kind, ok := kinds[name]; ok && v.Kind == kind {
				return
			}
		}
	}
	if v.Kind != Text || string(v.Bytes) != string(bytes.Trim(text, " \t\r\n")) {
		t.Errorf("%q: got %+v, want its text", text, v)
	}
}

func valueSeeds() []string {
	return []string{
		`null`, `true`, `false`, `0`, `-0`, `-0.0`, `2.0`, `1e0`, `9007199254740991`, `9007199254740993`, `9223372036854775807`, `9223372036854775808`,
		`-9223372036854775808`, `-9223372036854775809`, `5e-324`, `1e-400`, `1e308`, `1e309`, `-1e999`, `0.1`, `1E+2`,
		`""`, `"a\u0000\ud83d\ude00"`, `"\ud800"`, "\"\xff\"", `"\\\/\"\b"`,
		`{"$int":"-9223372036854775808"}`, `{"$int":"9223372036854775808"}`, `{"$int":5}`, `{"$int":"1.0"}`, `{"$int":"+1"}`, `{"$int":" 1"}`, `{"$int":""}`,
		`{"$int":"0x10"}`, `{"$int":"1","$int":"2"}`, `{"$\u0069nt":"7"}`, `{"$int":null}`, `{"$int":["1"]}`, `{"$INT":"1"}`, `{ "$int" : "1" }`,
		`{"$real":"inf"}`, `{"$real":"-inf"}`, `{"$real":"+inf"}`, `{"$real":"Infinity"}`, `{"$real":"nan"}`, `{"$real":"0x2"}`, `{"$real":"2"}`,
		`{"$real":"1e999"}`, `{"$real":"1_0"}`, `{"$real":"123456789012345678901234567890"}`, `{"$real":2}`,
		`{"$blob":""}`, `{"$blob":"AAH/"}`, `{"$blob":"AAH_"}`, `{"$blob":"AA"}`, `{"$blob":"AB=="}`, `{"$blob":"AA==\n"}`, `{"$blob":"A\r\nA=="}`, `{"$blob":"AA== "}`,
		`{"$blob":"\u0041A=="}`, `{"$blob":5,"a":[{}]}`, `{"$blob":"AA==","x":1}`, `{"$blob":"AA==","$int":"1"}`,
		` [1, 2.50, {"$int":"1"}]`, `[]`, `{}`, `{"a":{"$blob":"AA=="}}`, `{"$other":"x"}`, `{"":1}`, `[1`, `{"$int"}`, `1 2`, ``,
	}
}

package wire

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type param struct {
	Name  string
	Value Value
}

func paramsOf(p Params) []param {
	var all []param
	for name, v := range p.All() {
		all = append(all, param{name, v})
	}
	return all
}

func TestParseParams(t *testing.T) {
	for _, c := range []struct {
		text  string
		named bool
		want  []param
	}{
		{`[]`, false, nil},
		{`{}`, true, nil},
		{` [ 1 , "a\u0000" ] `, false, []param{{"", integer(1)}, {"", text("a\x00")}}},
		{`[[1,2],{"a":1},{"$blob":"QQ=="}]`, false, []param{{"", text("[1,2]")}, {"", text(`{"a":1}`)}, {"", blob('A')}}},
		{`{":a":1,"\u0024b":2.0}`, true, []param{{":a", integer(1)}, {"$b", float(2)}}},
		{`{"$blob":"QQ=="}`, true, []param{{"$blob", text("QQ==")}}},
		{`{"":null}`, true, []param{{"", Value{}}}},
	} {
		p, err := ParseParams([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if p.Len() != len(c.want) || p.Named() != c.named {
			t.Errorf("%s: Len %d, Named %t", c.text, p.Len(), p.Named())
		}
		if diff := cmp.Diff(c.want, paramsOf(p), sameValue); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.text, diff)
		}
	}
	for _, text := range []string{``, `1`, `null`, `"[]"`, `[1`, `[] x`, `{"a"}`, "[\"\xff\"]", `[1e999]`, `{"a":{"$int":"x"}}`, nested(MaxDepth + 1)} {
		if p, err := ParseParams([]byte(text)); err == nil {
			t.Errorf("%.40s: accepted as %v", text, paramsOf(p))
		}
	}
}

func TestParseParamsKeepsACopy(t *testing.T) {
	text := []byte(`["abc"]`)
	p, err := ParseParams(text)
	if err != nil {
		t.Fatal(err)
	}
	clear(text)
	if diff := cmp.Diff([]param{{"", Value{Kind: Text, Bytes: []byte("abc")}}}, paramsOf(p), sameValue); diff != "" {
		t.Errorf("after the text changed (-want +got):\n%s", diff)
	}
}

func TestParamsErrorNamesThePlace(t *testing.T) {
	_, err := ParseParams([]byte(`[1, 1e999]`))
	if err == nil || !strings.HasPrefix(err.Error(), "parameter 2: ") {
		t.Errorf("got %v", err)
	}
	_, err = NewParams(1, "\xff")
	if err == nil || !strings.HasPrefix(err.Error(), "parameter 2: ") {
		t.Errorf("got %v", err)
	}
	_, err = NamedParams(map[string]any{"a": 1, "b": make(chan int)})
	if err == nil || !strings.HasPrefix(err.Error(), `parameter "b": `) {
		t.Errorf("got %v", err)
	}
}

func TestNewParams(t *testing.T) {
	p, err := NewParams(nil, int64(1)<<62, "a\x00\"", []byte{0}, 2.0)
	if err != nil {
		t.Fatal(err)
	}
	want := []param{{"", Value{}}, {"", integer(1 << 62)}, {"", text("a\x00\"")}, {"", blob(0)}, {"", float(2)}}
	if diff := cmp.Diff(want, paramsOf(p), sameValue); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p.Len() != 5 || p.Named() {
		t.Errorf("Len %d, Named %t", p.Len(), p.Named())
	}
}

func TestNamedParams(t *testing.T) {
	p, err := NamedParams(map[string]any{"b": 1, ":a": true, "q\"\x00": nil})
	if err != nil {
		t.Fatal(err)
	}
	want := []param{{":a", integer(1)}, {"b", integer(1)}, {"q\"\x00", Value{}}}
	if diff := cmp.Diff(want, paramsOf(p), sameValue); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p.Len() != 3 || !p.Named() {
		t.Errorf("Len %d, Named %t", p.Len(), p.Named())
	}
	if _, err := NamedParams(map[string]any{"\xff": 1}); err == nil {
		t.Error("a name that is not UTF-8 was accepted")
	}
}

func TestNoParams(t *testing.T) {
	none, err := NewParams()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []Params{{}, none} {
		if p.Len() != 0 || p.Named() || paramsOf(p) != nil {
			t.Errorf("%+v is not none", p)
		}
	}
}

func TestAllStops(t *testing.T) {
	p, err := NewParams(1, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for range p.All() {
		if seen++; seen == 2 {
			break
		}
	}
	if seen != 2 {
		t.Errorf("saw %d parameters, want 2", seen)
	}
}

package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzScan compares the scanner with encoding/json: for UTF-8 without half
// surrogate pairs, nested within the limit, they accept the same texts and
// read the same names, strings and numbers in them.
func FuzzScan(f *testing.F) {
	for _, text := range scanSeeds() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		err := checkJSON(text)
		valid := json.Valid(text)
		switch {
		case err == nil && (!valid || !utf8.Valid(text)):
			t.Fatalf("%q: accepted, and is not JSON", text)
		case err == nil && (depthOf(text) > MaxDepth || hasHalfPair(text)):
			t.Fatalf("%q: accepted", text)
		case err != nil && valid && utf8.Valid(text) && depthOf(text) <= MaxDepth && !hasHalfPair(text):
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil {
			checkPlace(t, text, err)
			return
		}
		s := &scanner{data: text}
		raw, err := s.raw()
		if err != nil || string(raw) != strings.Trim(string(text), " \t\r\n") || s.depth != 0 {
			t.Fatalf("raw of %q = %q, %v, at depth %d", text, raw, err, s.depth)
		}
		if got, want := scanTokens(t, text), standardTokens(t, text); !slices.Equal(got, want) {
			t.Fatalf("%q has the tokens %q, want %q", text, got, want)
		}
	})
}

// checkPlace checks that a refusal points into the text.
func checkPlace(t *testing.T, text []byte, err error) {
	t.Helper()
	if e, ok := errors.AsType[*syntaxError](err); ok && (e.offset < 0 || e.offset > len(text)) {
		t.Fatalf("%q: %v, which is outside", text, err)
	}
}

// scanTokens returns the tokens of JSON as the scanner reads them: brackets,
// the content of names and strings, and all else as it is written.
func scanTokens(t *testing.T, text []byte) (tokens []string) {
	s := &scanner{data: text}
	var value func() error
	member := func(name []byte) error {
		tokens = append(tokens, string(name))
		return value()
	}
	value = func() (err error) {
		switch c := s.peek(); c {
		case '{':
			tokens = append(tokens, "{")
			err = s.object(member)
			tokens = append(tokens, "}")
		case '[':
			tokens = append(tokens, "[")
			err = s.array(value)
			tokens = append(tokens, "]")
		case '"':
			var content []byte
			content, err = s.text()
			tokens = append(tokens, string(content))
		default:
			var raw []byte
			raw, err = s.raw()
			tokens = append(tokens, string(raw))
		}
		return err
	}
	if err := value(); err != nil {
		t.Fatalf("%q: accepted as a whole, and then %v", text, err)
	}
	return tokens
}

// standardTokens returns the same as encoding/json reads them.
func standardTokens(t *testing.T, text []byte) (tokens []string) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err == io.EOF {
			return tokens
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case json.Delim:
			tokens = append(tokens, token.String())
		case json.Number:
			tokens = append(tokens, token.String())
		case string:
			tokens = append(tokens, token)
		case bool:
			tokens = append(tokens, map[bool]string{true: "true", false: "false"}[token])
		default:
			tokens = append(tokens, "null")
		}
	}
}

func scanSeeds() []string {
	return []string{
		`null`, `true`, `false`, ` false `, `nulll`, `nul`, `True`, `NaN`, `Infinity`, `undefined`, "\x00", ``, ` `,
		`0`, `-0`, `-0.0`, `01`, `-01`, `1.`, `.5`, `1e`, `1e+`, `1E5`, `1e999`, `-1e-999`, `+1`, `0x1`, `1_0`, `--1`, `- 1`,
		`9223372036854775807`, `9223372036854775808`, `123456789012345678901234567890`, `0.1e+0`, `1e0001`,
		`""`, `"a`, `"\`, `"\"`, `"\x41"`, `"\u12"`, `"\u12g4"`, `"\u0000"`, `"\uFFFF"`, "\"\x00\"", "\"\n\"", "\"\x7f\u2028\u2029\"",
		`"\ud800"`, `"\udc00"`, `"\ud83d\ude00"`, `"\ud83d\ud83d\ude00"`, `"\ude00\ud83d"`, `"\\ud800"`, `"\\\ud800"`, `"\ud800\u0041"`, `"\uD83D\uDE0`,
		"\xff", "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xc3", "\ufeff{}",
		`[]`, `[ ]`, `[[[]]]`, `[1,]`, `[,1]`, `[1 2]`, `[1}`, `[`, `]`, `["[",'"']`, "[ 1 ,\t2\r\n]", "[1\v]",
		`{}`, `{"a":1,}`, `{"a"}`, `{"a":}`, `{a:1}`, `{1:2}`, `{"a":1,"a":2}`, `{"\u0061":1,"a":2}`, `{"a":1]`, `{"a" :1}`, `{"":{"":[]}}`,
		`{"a":[1,-0.5e+10,"\u00e9\ud83d\ude00",{"b":null}],"c":true}`,
		`1 2`, `{} {}`, `[]]`, "{}\x00", "/**/1", "1//", `[1]x`,
		nested(MaxDepth), nested(MaxDepth + 1), strings.Repeat(`{"a":`, MaxDepth) + "1" + strings.Repeat("}", MaxDepth),
		strings.Repeat(`{"a":`, MaxDepth+1) + "1" + strings.Repeat("}", MaxDepth+1), strings.Repeat("[", 5000), strings.Repeat(`[{"":`, 200),
		`"` + strings.Repeat(`\n`, 300) + `"`, "[" + strings.Repeat("0,", 300) + "0]",
	}
}

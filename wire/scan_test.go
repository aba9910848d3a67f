package wire

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func nested(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth)
}

func TestScan(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, ` false `, `0`, `-0`, `-0.5e+10`, `1E5`, `"x"`, `""`, `[]`, `{}`, "[ 1 ,\t2\r\n]", `{"a":{"b":[]}}`,
		`"\u0000\ud83d\ude00\u00e9\"\\\/\b\f\n\r\t"`, "\"\x7f\u2028\"", `{"a":1,"a":2}`,
		nested(MaxDepth), strings.Repeat(`{"a":`, MaxDepth) + "1" + strings.Repeat("}", MaxDepth),
	} {
		if err := checkJSON([]byte(text)); err != nil {
			t.Errorf("%.60q: %v", text, err)
		}
	}
	for _, text := range []string{
		``, ` `, "\x00", `nul`, `nulll`, `True`, `NaN`, `Infinity`, `+1`, `01`, `-`, `.5`, `1.`, `1e`, `1e+`, `0x1`, `1_0`, `--1`,
		`"`, `"a`, `"\`, `"\"`, `"\x41"`, `"\u12"`, `"\u12g4"`, "\"\n\"", "\"\x00\"", `'a'`,
		`"\ud800"`, `"\udc00"`, `"\ud800x"`, `"\ud800\n"`, `"\ud800\ud800"`, `"\ud800\u0041"`, `"\udc00\ud800"`, `"\ud83d\ude0`,
		`[`, `]`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `[1}`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{a:1}`, `{1:2}`, `{"a" 1}`, `{"a":1]`,
		`1 2`, `{} {}`, `[]]`, "\ufeff{}", "{}\x00", "/**/1", "\"\xff\"", "\xc3",
		nested(MaxDepth + 1), strings.Repeat("[", 1<<20), strings.Repeat(`{"a":`, 1<<18),
	} {
		if err := checkJSON([]byte(text)); err == nil {
			t.Errorf("%.60q: accepted", text)
		}
	}
}

func TestScanText(t *testing.T) {
	for in, want := range map[string]string{
		`""`:                                  "",
		`"plain"`:                             "plain",
		`"a\u0000b"`:                          "a\x00b",
		`"\u00E9\u00e9"`:                      "éé",
		`"\ud83d\ude00\uD83D\uDE00"`:          "😀😀",
		`"\ufffd\uffff"`:                      "\ufffd\uffff",
		`"\"\\\/\b\f\n\r\t"`:                  "\"\\/\b\f\n\r\t",
		`"\u005cn"`:                           `\n`,
		`"` + strings.Repeat(`\n`, 100) + `"`: strings.Repeat("\n", 100),
	} {
		s := &scanner{data: []byte(in)}
		got, err := s.text()
		if err != nil || string(got) != want {
			t.Errorf("text of %s = %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestScanErrorPlace(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":1,"b"}`: `expected ':' at byte 10`,
		`[1 2]`:       `expected ',' or ']' at byte 3`,
		`"a\q"`:       `unknown escape at byte 2`,
		`[1] x`:       `unexpected text after the value at byte 4`,
		`[-]`:         `expected a digit at byte 2`,
		``:            `expected a value at byte 0`,
	} {
		err := checkJSON([]byte(in))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

var (
	jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	jsonEscape = regexp.MustCompile(`\\u[0-9a-fA-F]{4}|\\.`)
	fullPair   = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}`)
)

// depthOf tells how deep valid JSON nests.
func depthOf(text []byte) int {
	depth, deepest := 0, 0
	for _, c := range jsonString.ReplaceAll(text, nil) {
		switch c {
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}':
			depth--
		}
	}
	return deepest
}

// hasHalfPair reports whether valid JSON has an escape that is half of a
// surrogate pair.
func hasHalfPair(text []byte) bool {
	plain := strings.ReplaceAll(string(text), `\\`, "__")
	plain = fullPair.ReplaceAllString(plain, "")
	for _, escape := range jsonEscape.FindAllString(plain, -1) {
		if len(escape) < 6 {
			continue
		}
		if n, err := strconv.ParseUint(escape[2:], 16, 16); err == nil && n >= 0xd800 && n <= 0xdfff {
			return true
		}
	}
	return false
}

func TestOracles(t *testing.T) {
	for text, want := range map[string]string{
		`[{"[":"\"]["}]`:        "2 false",
		`"\\ud800"`:             "0 false",
		`"\\\ud800"`:            "0 true",
		`"\ud83d\ude00"`:        "0 false",
		`"\ud83d\ud83d\ude00"`:  "0 true",
		`["\uDE00", [[]], "x"]`: "3 true",
	} {
		if got := fmt.Sprint(depthOf([]byte(text)), hasHalfPair([]byte(text))); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

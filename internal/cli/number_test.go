package cli

import (
	"math"
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

// What is taken for a number is written in the same way again.
func TestExactNumber(t *testing.T) {
	numbers := []string{"0", "12", "-7", "9223372036854775807", "-9223372036854775808", "1.5", "-0.25", "2.0", "12345678901234.5", "0.0001", "0.0", "0.30000000000000004", "0.1234567890123456", "1e+20", "-2.5e-07"}
	for _, text := range numbers {
		v, ok := exactNumber(text)
		if !ok || numberText(v) != text {
			t.Errorf("%q: got %v, %v", text, numberText(v), ok)
		}
	}
	texts := []string{"", "-", "007", "+1", "1.50", "1.", ".5", "1e9", "-0", "-0.0", "0.00001", "1,5", " 1", "0x1", "Inf", "NaN",
		"9223372036854775808", "0.12345678901234567890", "1234567890123456.5", "00.5", "1e+5", "1e400", "e+5"}
	for _, text := range texts {
		if v, ok := exactNumber(text); ok {
			t.Errorf("%q is taken for %v", text, v)
		}
	}
}

func TestNumberText(t *testing.T) {
	tests := map[float64]string{
		2: "2.0", 1.5e6: "1500000.0", 1e20: "1e+20", 1e-7: "1e-07", -0.5: "-0.5", math.Inf(1): "Inf", math.Inf(-1): "-Inf",
	}
	for f, want := range tests {
		if got := numberText(wire.Value{Kind: wire.Real, Float: f}); got != want {
			t.Errorf("%v: got %q, want %q", f, got, want)
		}
	}
}

func TestLiterals(t *testing.T) {
	for f, want := range map[float64]string{
		0.1: "0.1", 2: "2.0", 1.0 / 3: "0.33333333333333331", 1e300: "1e+300", math.Inf(1): "9e999", math.Inf(-1): "-9e999",
	} {
		if got := string(appendReal(nil, f)); got != want {
			t.Errorf("%v: got %s, want %s", f, got, want)
		}
	}
	for text, want := range map[string]string{
		"":                  `''`,
		"it's\n":            "'it''s\n'",
		"a\x00b":            `replace('a<0:0>b','<0:0>',char(0))`,
		"<0:0>\x00":         `replace('<0:0><0:1>','<0:1>',char(0))`,
		"<0:0\x00\r\n":      "replace(replace('<0:0<0:0><13:0>\n','<0:0>',char(0)),'<13:0>',char(13))",
		"\xff\x00":          `CAST(X'ff00' AS TEXT)`,
		"Zürich -- 'quote'": `'Zürich -- ''quote'''`,
	} {
		if got := string(appendText(nil, []byte(text))); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

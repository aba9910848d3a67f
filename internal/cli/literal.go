package cli

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// quoteName returns name as an identifier of SQL.
func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// quoteText returns text as a string of SQL.
func quoteText(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }

// appendReal appends f so that SQLite reads the same float again: in 15 digits
// where these are enough, and otherwise in 17, of which any reader that errs
// in the last bits still makes the right one. An infinity is a number too
// large for a float.
func appendReal(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "9e999"...)
	case math.IsInf(f, -1):
		return append(dst, "-9e999"...)
	}
	text := strconv.FormatFloat(f, 'g', 15, 64)
	if back, err := strconv.ParseFloat(text, 64); err != nil || back != f {
		text = strconv.FormatFloat(f, 'g', 17, 64)
	}
	return append(dst, withPoint(text)...)
}

// appendText appends an expression that is the text. A NUL ends a statement for
// most readers, and the sqlite3 shell drops a CR that ends a line: both are put
// in by SQLite itself. Text that is not UTF-8 is put down as bytes.
func appendText(dst, text []byte) []byte {
	if !utf8.Valid(text) {
		dst = hex.AppendEncode(append(dst, "CAST(X'"...), text)
		return append(dst, "' AS TEXT)"...)
	}
	expr := string(text)
	var around []string // the replacements, from the inside out
	for _, c := range []struct {
		char string
		code int
	}{{"\x00", 0}, {"\r", 13}} {
		if !strings.Contains(expr, c.char) {
			continue
		}
		mark := unused(expr, c.code)
		expr = strings.ReplaceAll(expr, c.char, mark)
		around = append(around, fmt.Sprintf(",%s,char(%d))", quoteText(mark), c.code))
	}
	dst = append(dst, strings.Repeat("replace(", len(around))...)
	dst = append(dst, quoteText(expr)...)
	return append(dst, strings.Join(around, "")...)
}

// unused returns a mark for the character of that code which does not occur in
// text, nor where it is put in: nothing in it but its first byte can begin it.
func unused(text string, code int) string {
	for n := 0; ; n++ {
		mark := fmt.Sprintf("<%d:%d>", code, n)
		if !strings.Contains(text, mark) {
			return mark
		}
	}
}

package cli

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/skylinedb/skylinedb/wire"
)

// shownBlob is how many bytes of a BLOB people are shown.
const shownBlob = 32

// valueText returns a value as people read it, on one line.
func valueText(v wire.Value) string {
	switch v.Kind {
	case wire.Null:
		return "NULL"
	case wire.Text:
		return printable(string(v.Bytes))
	case wire.Blob:
		if n := len(v.Bytes); n > shownBlob {
			return fmt.Sprintf("X'%X…' (%d bytes)", v.Bytes[:shownBlob], n)
		}
		return fmt.Sprintf("X'%X'", v.Bytes)
	}
	return numberText(v)
}

// printable returns text with its control characters as escapes: a row stays a
// line, and what is stored gives no orders to a terminal.
func printable(text string) string {
	if strings.IndexFunc(text, unprintable) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unprintable(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unprintable finds control characters, and those that turn the direction of
// what follows.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029
}

// wide are the ranges of characters that take two columns of a terminal, by
// https://www.unicode.org/reports/tr11/, rounded to whole blocks.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1}, {0x2e80, 0x303e, 1}, {0x3041, 0xa4cf, 1}, {0xac00, 0xd7a3, 1},
		{0xf900, 0xfaff, 1}, {0xfe30, 0xfe6f, 1}, {0xff00, 0xff60, 1}, {0xffe0, 0xffe6, 1},
	},
	R32: []unicode.Range32{{0x1f300, 0x1f64f, 1}, {0x1f680, 0x1f6ff, 1}, {0x1f900, 0x1f9ff, 1}, {0x20000, 0x3fffd, 1}},
}

func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// textWidth returns the number of a terminal's columns that text takes.
func textWidth(text string) (n int) {
	for _, r := range text {
		n += runeWidth(r)
	}
	return n
}

// cutText returns text cut to width columns, with an ellipsis where it was cut.
func cutText(text string, width int) string {
	if len(text) <= width || textWidth(text) <= width {
		return text
	}
	n := 1 // the ellipsis
	for i, r := range text {
		if n += runeWidth(r); n > width {
			return text[:i] + "…"
		}
	}
	return text
}

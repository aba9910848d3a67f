package cli

import (
	"bufio"
	"encoding/hex"
	"strings"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// csvFormat writes CSV with a header line. NULL is an empty field. Text is in
// quotes where it must be, where it is empty, and where it looks like a number,
// so that import reads back what was written; a BLOB is X'…' in hexadecimal.
//
// Source: https://www.rfc-editor.org/rfc/rfc4180
type csvFormat struct {
	w    *bufio.Writer
	line []byte
}

func (f *csvFormat) begin(columns []string) {
	f.line = f.line[:0]
	for i, name := range columns {
		if i > 0 {
			f.line = append(f.line, ',')
		}
		f.line = appendCSV(f.line, name)
	}
	f.flush()
}

func (f *csvFormat) row(row client.Row) {
	f.line = f.line[:0]
	for i, v := range row {
		if i > 0 {
			f.line = append(f.line, ',')
		}
		switch v.Kind {
		case wire.Null:
		case wire.Text:
			f.line = appendCSV(f.line, string(v.Bytes))
		case wire.Blob:
			f.line = append(hex.AppendEncode(append(f.line, "X'"...), v.Bytes), '\'')
		default:
			f.line = append(f.line, numberText(v)...)
		}
	}
	f.flush()
}

func (f *csvFormat) flush() {
	f.line = append(f.line, "\r\n"...)
	f.w.Write(f.line)
}

func (f *csvFormat) end(bool) {}
func (f *csvFormat) cut()     {}

// appendCSV appends text as one field.
func appendCSV(dst []byte, text string) []byte {
	_, number := exactNumber(text)
	if text != "" && !number && !strings.ContainsAny(text, ",\"\r\n") && strings.TrimSpace(text) == text && !strings.HasPrefix(text, bom) {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	dst = append(dst, strings.ReplaceAll(text, `"`, `""`)...)
	return append(dst, '"')
}

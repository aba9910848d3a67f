package cli

import (
	"bufio"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// jsonFormat writes an object for each row, with the values in the protocol's
// form, so that no reader rounds an integer and none takes a BLOB for text:
// one array of them, or each on a line of its own.
type jsonFormat struct {
	w     *bufio.Writer
	array bool
	names [][]byte // each column's, as JSON with its colon
	line  []byte
	count int
}

func (f *jsonFormat) begin(columns []string) {
	for _, name := range distinct(columns) {
		text := wire.AppendValue(nil, wire.Value{Kind: wire.Text, Bytes: []byte(name)})
		f.names = append(f.names, append(text, ':'))
	}
	if f.array {
		f.w.WriteByte('[')
	}
}

func (f *jsonFormat) row(row client.Row) {
	f.line = f.line[:0]
	if f.array && f.count > 0 {
		f.line = append(f.line, ",\n"...)
	}
	f.count++
	f.line = append(f.line, '{')
	for i, v := range row {
		if i > 0 {
			f.line = append(f.line, ',')
		}
		f.line = wire.AppendValue(append(f.line, f.names[i]...), v)
	}
	f.line = append(f.line, '}')
	if !f.array {
		f.line = append(f.line, '\n')
	}
	f.w.Write(f.line)
}

func (f *jsonFormat) end(bool) {
	if f.array {
		f.w.WriteString("]\n")
	}
}

// cut leaves the array open: no reader takes a part for the whole.
func (f *jsonFormat) cut() {
	if f.array {
		f.w.WriteByte('\n')
	}
}

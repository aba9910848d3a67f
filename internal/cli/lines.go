package cli

import (
	"bufio"
	"strings"

	"github.com/skylinedb/skylinedb/client"
)

// lineFormat writes a line for each value, and an empty one between rows.
type lineFormat struct {
	w     *bufio.Writer
	names []string
	begun bool
}

func (f *lineFormat) begin(columns []string) {
	widest := 0
	for _, name := range columns {
		widest = max(widest, textWidth(printable(name)))
	}
	for _, name := range columns {
		name = printable(name)
		f.names = append(f.names, strings.Repeat(" ", widest-textWidth(name))+name+" = ")
	}
}

func (f *lineFormat) row(row client.Row) {
	if f.begun {
		f.w.WriteByte('\n')
	}
	f.begun = true
	for i, v := range row {
		f.w.WriteString(f.names[i])
		f.w.WriteString(valueText(v))
		f.w.WriteByte('\n')
	}
}

func (f *lineFormat) end(bool) {}
func (f *lineFormat) cut()     {}

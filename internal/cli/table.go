package cli

import (
	"bufio"
	"bytes"
	"strings"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

const (
	// tableSample is the number of rows that the columns are fitted to. The
	// rows after them may be wider and then stand out.
	tableSample = 200
	// tablePad is the widest column that is padded where nothing is cut: one
	// long text does not make every line long.
	tablePad = 60
	// tableLeast is what cutting leaves of a column.
	tableLeast = 8

	columnGap = "  "
)

// cell is one value as a table shows it.
type cell struct {
	text  string
	right bool
}

// tableFormat writes aligned columns for people: numbers to the right, NULL as
// such. For a terminal, long text is cut so that a row fits a line; otherwise
// nothing is.
type tableFormat struct {
	w       *bufio.Writer
	width   int // of the terminal, 0 for none
	columns []string
	sample  [][]cell
	widths  []int // nil until the columns are fitted
	count   int64
	line    bytes.Buffer
}

func (f *tableFormat) begin(columns []string) { f.columns = columns }

func (f *tableFormat) row(row client.Row) {
	cells := make([]cell, len(row))
	for i, v := range row {
		cells[i] = cellOf(v)
	}
	f.count++
	if f.widths != nil {
		f.write(cells)
		return
	}
	if f.sample = append(f.sample, cells); len(f.sample) == tableSample {
		f.fit()
	}
}

func (f *tableFormat) end(truncated bool) {
	f.cut()
	f.w.WriteString(count(f.count, "row"))
	if truncated {
		f.w.WriteString(", and there are more")
	}
	f.w.WriteByte('\n')
}

func (f *tableFormat) cut() {
	if f.widths == nil {
		f.fit()
	}
}

// fit decides on the widths and writes what waits for them.
func (f *tableFormat) fit() {
	head := make([]cell, len(f.columns))
	f.widths = make([]int, len(f.columns))
	for i, name := range f.columns {
		head[i] = cell{printable(name), f.numeric(i)}
		f.widths[i] = textWidth(head[i].text)
		for _, cells := range f.sample {
			f.widths[i] = max(f.widths[i], textWidth(cells[i].text))
		}
	}
	if f.width > 0 {
		shrink(f.widths, f.width-len(columnGap)*(len(f.widths)-1))
	} else {
		for i := range f.widths {
			f.widths[i] = min(f.widths[i], tablePad)
		}
	}
	f.write(head)
	rule := make([]cell, len(f.columns))
	for i := range rule {
		rule[i].text = strings.Repeat("-", f.widths[i])
	}
	f.write(rule)
	for _, cells := range f.sample {
		f.write(cells)
	}
	f.sample = nil
}

// numeric reports whether every value of column i is a number or NULL, and
// not all of them NULL.
func (f *tableFormat) numeric(i int) bool {
	numbers := false
	for _, cells := range f.sample {
		if !cells[i].right && cells[i].text != "NULL" {
			return false
		}
		numbers = numbers || cells[i].right
	}
	return numbers
}

// shrink takes from the widest until the sum is at most room.
func shrink(widths []int, room int) {
	for sum(widths) > room {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= tableLeast {
			return
		}
		widths[widest]--
	}
}

func sum(widths []int) (n int) {
	for _, w := range widths {
		n += w
	}
	return n
}

func (f *tableFormat) write(cells []cell) {
	f.line.Reset()
	for i, c := range cells {
		if i > 0 {
			f.line.WriteString(columnGap)
		}
		text := c.text
		if f.width > 0 {
			text = cutText(text, f.widths[i])
		}
		pad := strings.Repeat(" ", max(0, f.widths[i]-textWidth(text)))
		if c.right {
			text = pad + text
		} else if i < len(cells)-1 {
			text += pad
		}
		f.line.WriteString(text)
	}
	line := f.line.String()
	if f.width > 0 {
		line = cutText(line, f.width)
	}
	f.w.WriteString(line)
	f.w.WriteByte('\n')
}

func cellOf(v wire.Value) cell {
	switch v.Kind {
	case wire.Integer, wire.Real:
		return cell{numberText(v), true}
	}
	return cell{valueText(v), false}
}

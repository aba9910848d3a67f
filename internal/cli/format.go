package cli

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/skylinedb/skylinedb/client"
)

// The forms in which rows are written.
const (
	modeTable  = "table"
	modeCSV    = "csv"
	modeJSON   = "json"
	modeNDJSON = "ndjson"
	modeLine   = "line"
)

var modes = []string{modeTable, modeCSV, modeJSON, modeNDJSON, modeLine}

// checkMode fails for what is none of the modes.
func checkMode(mode string) error {
	if !slices.Contains(modes, mode) {
		return usagef("the mode cannot be %q: use %s", mode, strings.Join(modes, ", "))
	}
	return nil
}

// rowFormat writes the rows of one result in one form, as they come. What it
// writes to keeps the first failure.
type rowFormat interface {
	begin(columns []string)
	row(row client.Row)
	// end comes after the last row; truncated says that there were more.
	end(truncated bool)
	// cut comes instead of end where the rows end with a failure: what was
	// kept back is written, and nothing that says that this were all.
	cut()
}

// newFormat returns the form that mode names. width is that of the terminal
// which w writes to, 0 for none.
func newFormat(mode string, w *bufio.Writer, width int) rowFormat {
	switch mode {
	case modeCSV:
		return &csvFormat{w: w}
	case modeJSON:
		return &jsonFormat{w: w, array: true}
	case modeNDJSON:
		return &jsonFormat{w: w}
	case modeLine:
		return &lineFormat{w: w}
	}
	return &tableFormat{w: w, width: width}
}

// result is the rows of one statement, from either of the ways to get them.
type result struct {
	columns   []string
	all       iter.Seq2[client.Row, error]
	truncated func() bool // known when all were read
}

func resultOf(rows *client.Rows) result {
	return result{rows.Columns(), rows.All(), rows.Truncated}
}

// print writes r to w in the form that mode names. Rows are written as they
// come and never collected. What cannot be written is noted, and ends it.
func (o *output) print(r result, w io.Writer, mode string, width int) error {
	if len(r.columns) == 0 { // a statement that has none, such as a PRAGMA that sets something
		for _, err := range r.all {
			return err
		}
		return nil
	}
	buf := bufio.NewWriterSize(w, 1<<16)
	f := newFormat(mode, buf, width)
	f.begin(r.columns)
	for row, err := range r.all {
		if err != nil {
			f.cut()
			o.note(buf.Flush())
			return err
		}
		f.row(row)
		if broken(buf) {
			break // nobody reads: the query need not go on
		}
	}
	f.end(r.truncated())
	o.note(buf.Flush())
	return nil
}

// broken reports whether w has failed to write.
func broken(w *bufio.Writer) bool {
	_, err := w.Write(nil)
	return err != nil
}

// distinct returns names for columns of which none occurs twice: a second "a"
// is "a:1", as SQLite itself calls it.
func distinct(columns []string) []string {
	used := map[string]bool{}
	for _, c := range columns {
		used[c] = true
	}
	seen := map[string]bool{}
	names := slices.Clone(columns)
	for i, c := range columns {
		for n := 1; seen[names[i]]; n++ {
			if name := fmt.Sprintf("%s:%d", c, n); !used[name] {
				names[i] = name
			}
		}
		seen[names[i]], used[names[i]] = true, true
	}
	return names
}

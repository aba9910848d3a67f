package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/skylinedb/skylinedb/wire"
)

// record is one row of what is imported.
type record struct {
	line    int
	columns []string // nil where they have no names
	values  []wire.Value
}

// recordReader yields records; the error is io.EOF after the last, and a
// *lineError where a line is to blame.
type recordReader interface{ read() (record, error) }

// lineError is what is wrong with a line.
type lineError struct {
	line int
	what string
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.what) }

// The forms of what is imported.
const (
	formatCSV    = "csv"
	formatNDJSON = "ndjson"
)

// formatOf guesses the format from the name of a file, and the delimiter.
func formatOf(name string) (format string, delimiter rune) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv", ".txt":
		return formatCSV, ','
	case ".tsv", ".tab":
		return formatCSV, '\t'
	case ".ndjson", ".jsonl":
		return formatNDJSON, ','
	}
	if name == "-" {
		return formatCSV, ','
	}
	return "", ','
}

// jsonReader reads an object from each line. Values have the protocol's form,
// so that query --ndjson can be read back.
type jsonReader struct {
	r     *bufio.Reader
	limit int // of a line
	line  int
}

func (j *jsonReader) read() (record, error) {
	for {
		j.line++
		text, err := boundedLine(j.r, j.limit)
		if err != nil && err != io.EOF {
			return record{}, &lineError{j.line, err.Error()}
		}
		if j.line == 1 {
			text = []byte(strings.TrimPrefix(string(text), bom))
		}
		if strings.TrimSpace(string(text)) == "" {
			if err == io.EOF {
				return record{}, io.EOF
			}
			continue
		}
		params, err := wire.ParseParams(text)
		if err == nil && !params.Named() {
			err = errors.New("it must be an object")
		}
		if err == nil && params.Len() == 0 {
			err = errors.New("it has no fields")
		}
		if err != nil {
			return record{}, &lineError{j.line, err.Error()}
		}
		rec := record{line: j.line}
		for name, v := range params.All() {
			rec.columns = append(rec.columns, name)
			rec.values = append(rec.values, v)
		}
		return rec, nil
	}
}

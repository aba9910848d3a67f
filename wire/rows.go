package wire

import (
	"bytes"
	"errors"
	"fmt"
)

// ParamRows are parameters for a statement that runs once for each row, kept
// as their JSON text.
type ParamRows struct {
	raw   []byte // a checked array of arrays or objects
	count int
}

// Len returns the number of rows.
func (p *ParamRows) Len() int { return p.count }

// Text returns the JSON text of the rows. It must not be changed.
func (p *ParamRows) Text() []byte { return p.raw }

// Each calls row with the parameters of each row, in order, until it fails,
// and returns its error.
func (p *ParamRows) Each(row func(Params) error) error {
	s := &scanner{data: p.raw}
	return s.array(func() error {
		start := s.pos
		q := Params{named: s.peek() == '{'}
		err := eachParam(s, func([]byte, Value) error {
			q.count++
			return nil
		})
		if err != nil {
			return err
		}
		q.raw = s.data[start:s.pos]
		return row(q)
	})
}

// parseParamRows checks the param_rows of a statement.
func parseParamRows(raw []byte) (*ParamRows, error) {
	if raw[0] != '[' {
		return nil, errors.New(`"param_rows" must be an array of arrays or objects`)
	}
	p := &ParamRows{raw: raw}
	s := &scanner{data: raw}
	err := s.array(func() error {
		if c := s.peek(); c != '[' && c != '{' {
			return errors.New("it must be an array or an object")
		}
		if err := eachParam(s, func([]byte, Value) error { return nil }); err != nil {
			return err
		}
		p.count++
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("row %d of param_rows: %w", p.count, err)
	}
	return p, nil
}

// Add appends a row of parameters by place, each converted by [ValueOf].
func (p *ParamRows) Add(args ...any) error {
	row, err := NewParams(args...)
	if err != nil {
		return err
	}
	if row.raw == nil {
		row.raw = []byte("[]")
	}
	p.raw = bytes.TrimSuffix(p.raw, []byte{']'})
	if p.count == 0 {
		p.raw = append(p.raw, '[')
	} else {
		p.raw = append(p.raw, ',')
	}
	p.raw = append(append(p.raw, row.raw...), ']')
	p.count++
	return nil
}

// Rows are rows of a result, kept as their JSON text: an array of arrays. The
// zero Rows is none.
type Rows struct{ raw []byte }

// RowsOf returns the rows whose JSON text is given: an array of arrays of
// values as [AppendValue] writes them.
func RowsOf(text []byte) Rows { return Rows{text} }

// Text returns the JSON text, nil for none.
func (r Rows) Text() []byte { return r.raw }

// Each calls row with the values of each row, in order, until it fails, and
// returns its error. The values are good during the call; a Text or Blob may
// be part of the frame it came in.
func (r Rows) Each(row func([]Value) error) error {
	if r.raw == nil {
		return nil
	}
	var values []Value
	s := &scanner{data: r.raw}
	err := s.array(func() error {
		values = values[:0]
		err := s.array(func() error {
			v, err := s.value()
			values = append(values, v)
			return err
		})
		if err != nil {
			return fmt.Errorf("decode a row: %w", err)
		}
		return row(values)
	})
	return err
}

// MarshalJSON returns the text as it is.
func (r Rows) MarshalJSON() ([]byte, error) {
	if r.raw == nil {
		return []byte("null"), nil
	}
	return r.raw, nil
}

// UnmarshalJSON keeps a copy of the text.
func (r *Rows) UnmarshalJSON(text []byte) error {
	r.raw = bytes.Clone(text)
	if string(text) == "null" {
		r.raw = nil
	}
	return nil
}

// IsZero reports whether there are no rows to speak of, for the option
// omitzero of encoding/json.
func (r Rows) IsZero() bool { return r.raw == nil }

// cutRows takes the rows out of a reply: they are most of it, and one pass
// over them is enough. Both results alias body.
func cutRows(body []byte) (rest []byte, rows Rows, err error) {
	if !bytes.Contains(body, []byte(`"rows"`)) {
		return body, rows, nil
	}
	s := &scanner{data: body}
	var start, end int
	err = s.object(func(name []byte) error {
		s.peek()
		at := s.pos
		if _, err := s.raw(); err != nil {
			return err
		}
		if string(name) == "rows" {
			start, end = at, s.pos
		}
		return nil
	})
	if err == nil {
		err = s.end()
	}
	if err != nil || end == 0 {
		return body, rows, err
	}
	rest = append(append(append([]byte{}, body[:start]...), "null"...), body[end:]...)
	return rest, Rows{body[start:end]}, nil
}

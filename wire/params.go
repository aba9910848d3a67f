package wire

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"unicode/utf8"
)

// Params are a statement's parameters, kept as their JSON text: an array for
// ?, ?NNN, or an object for :name, @name and $name. The zero Params is none.
type Params struct {
	raw   []byte // checked JSON, nil for none
	count int32
	named bool
}

// Len returns the number of parameters.
func (p Params) Len() int { return int(p.count) }

// Named reports whether the parameters have names.
func (p Params) Named() bool { return p.named }

// All yields each parameter with its name, which is "" where they go by
// place. A Text or Blob may be part of the frame it came in: copy it to keep it.
func (p Params) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if p.raw == nil {
			return
		}
		// The text was checked when p was made: the only error is errStop.
		_ = eachParam(&scanner{data: p.raw}, func(name []byte, v Value) error {
			if !yield(string(name), v) {
				return errStop
			}
			return nil
		})
	}
}

var errStop = errors.New("stop")

// eachParam takes the array or object that comes next and calls param with
// each of its values. Its errors are those of JSON, of a value that SQLite
// cannot store, and param's own.
func eachParam(s *scanner, param func(name []byte, v Value) error) error {
	element := func(name []byte) error {
		v, err := s.value()
		if err != nil {
			return err
		}
		return param(name, v)
	}
	if s.peek() == '{' {
		return s.object(element)
	}
	return s.array(func() error { return element(nil) })
}

// parseParams checks the params of a statement.
func parseParams(raw []byte) (Params, error) {
	s := &scanner{data: raw}
	p := Params{raw: raw}
	switch s.peek() {
	case '[':
	case '{':
		p.named = true
	default:
		return Params{}, errors.New(`"params" must be an array or an object`)
	}
	err := eachParam(s, func([]byte, Value) error {
		p.count++
		return nil
	})
	if err != nil {
		return Params{}, fmt.Errorf("parameter %d: %w", p.count+1, err)
	}
	return p, nil
}

// NewParams returns parameters by place, each converted by [ValueOf].
func NewParams(args ...any) (Params, error) {
	if len(args) == 0 {
		return Params{}, nil
	}
	p := Params{raw: []byte{'['}}
	for i, arg := range args {
		v, err := ValueOf(arg)
		if err != nil {
			return Params{}, fmt.Errorf("parameter %d: %w", i+1, err)
		}
		p.add("", v)
	}
	p.raw = append(p.raw, ']')
	return p, nil
}

// NamedParams returns parameters by name, each converted by [ValueOf]. A name
// may carry its prefix (:name, @name, $name) or not.
func NamedParams(args map[string]any) (Params, error) {
	if len(args) == 0 {
		return Params{}, nil
	}
	p := Params{raw: []byte{'{'}, named: true}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		if !utf8.ValidString(name) {
			return Params{}, fmt.Errorf("parameter %q: the name is not UTF-8", name)
		}
		v, err := ValueOf(args[name])
		if err != nil {
			return Params{}, fmt.Errorf("parameter %q: %w", name, err)
		}
		p.add(name, v)
	}
	p.raw = append(p.raw, '}')
	return p, nil
}

// ParseParams reads parameters from JSON text, an array or an object, and
// keeps a copy of it.
func ParseParams(text []byte) (Params, error) {
	if err := checkJSON(text); err != nil {
		return Params{}, err
	}
	return parseParams(bytes.Clone(text))
}

func (p *Params) add(name string, v Value) {
	if p.count > 0 {
		p.raw = append(p.raw, ',')
	}
	if p.named {
		p.raw = appendText(p.raw, []byte(name))
		p.raw = append(p.raw, ':')
	}
	p.raw = AppendValue(p.raw, v)
	p.count++
}

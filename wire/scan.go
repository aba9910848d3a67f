package wire

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner walks over JSON text (RFC 8259) that is known to be valid UTF-8.
// Each method leaves pos after what it took; none allocates but unquote, for
// a string that has escapes.
type scanner struct {
	data  []byte
	pos   int
	depth int
}

// syntaxError says where the text stops being JSON.
type syntaxError struct {
	offset int
	what   string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.what, e.offset) }

func (s *scanner) fail(what string) error { return &syntaxError{s.pos, what} }

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// take consumes c, which must come next.
func (s *scanner) take(c byte) error {
	if s.peek() != c {
		return s.fail("expected '" + string(c) + "'")
	}
	s.pos++
	return nil
}

// end checks that nothing but white space is left.
func (s *scanner) end() error {
	if s.peek() != 0 || s.pos < len(s.data) {
		return s.fail("unexpected text after the value")
	}
	return nil
}

// object calls field with each name of the object that comes next; field must
// take the value.
func (s *scanner) object(field func(name []byte) error) error {
	return s.sequence('{', '}', func() error {
		name, err := s.text()
		if err != nil {
			return err
		}
		if err := s.take(':'); err != nil {
			return err
		}
		return field(name)
	})
}

// array calls element before each element of the array that comes next;
// element must take it.
func (s *scanner) array(element func() error) error {
	return s.sequence('[', ']', element)
}

func (s *scanner) sequence(open, end byte, element func() error) error {
	if err := s.take(open); err != nil {
		return err
	}
	if s.depth++; s.depth > MaxDepth {
		return s.fail(fmt.Sprintf("nesting deeper than %d", MaxDepth))
	}
	if s.peek() == end {
		s.pos++
		s.depth--
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch s.peek() {
		case ',':
			s.pos++
		case end:
			s.pos++
			s.depth--
			return nil
		default:
			return s.fail("expected ',' or '" + string(end) + "'")
		}
	}
}

// raw takes one value of any kind and returns its text as it stands.
func (s *scanner) raw() ([]byte, error) {
	c := s.peek()
	start := s.pos
	var err error
	switch {
	case c == '{':
		err = s.object(func([]byte) error { _, err := s.raw(); return err })
	case c == '[':
		err = s.array(func() error { _, err := s.raw(); return err })
	case c == '"':
		_, _, err = s.quoted()
	case c == '-' || isDigit(c):
		_, err = s.number()
	default:
		err = s.word()
	}
	return s.data[start:s.pos], err
}

func (s *scanner) word() error {
	for _, w := range [...]string{"true", "false", "null"} {
		if bytes.HasPrefix(s.data[s.pos:], []byte(w)) {
			s.pos += len(w)
			return nil
		}
	}
	return s.fail("expected a value")
}

// number takes a number and reports whether it is written as an integer.
func (s *scanner) number() (integer bool, err error) {
	if s.at('-') {
		s.pos++
	}
	switch {
	case s.at('0'):
		s.pos++
	case !s.digits():
		return false, s.fail("expected a digit")
	}
	integer = true
	if s.at('.') {
		integer = false
		s.pos++
		if !s.digits() {
			return false, s.fail("expected a digit")
		}
	}
	if s.at('e') || s.at('E') {
		integer = false
		s.pos++
		if s.at('+') || s.at('-') {
			s.pos++
		}
		if !s.digits() {
			return false, s.fail("expected a digit")
		}
	}
	return integer, nil
}

func (s *scanner) at(c byte) bool { return s.pos < len(s.data) && s.data[s.pos] == c }

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && isDigit(s.data[s.pos]) {
		s.pos++
	}
	return s.pos > start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// text takes a string and returns what it means: a part of the data where it
// has no escapes, a copy otherwise.
func (s *scanner) text() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.fail("expected a string")
	}
	raw, escaped, err := s.quoted()
	if err != nil || !escaped {
		return raw, err
	}
	return unquote(raw), nil
}

// quoted takes a string, checks its escapes, and returns what stands between
// the quotes.
func (s *scanner) quoted() (raw []byte, escaped bool, err error) {
	s.pos++
	start := s.pos
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return s.data[start : s.pos-1], escaped, nil
		case c < 0x20:
			return nil, false, s.fail("unescaped control character in a string")
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return nil, false, err
			}
		default:
			s.pos++
		}
	}
	return nil, false, s.fail("string without an end")
}

func (s *scanner) escape() error {
	if s.pos+1 >= len(s.data) {
		return s.fail("string without an end")
	}
	switch s.data[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return nil
	case 'u':
		r, n := unicodeEscape(s.data[s.pos:])
		if n == 0 {
			return s.fail("malformed \\u escape")
		}
		if r < 0 {
			return s.fail("half of a surrogate pair")
		}
		s.pos += n
		return nil
	}
	return s.fail("unknown escape")
}

// unicodeEscape reads the \u escape, or the pair of them, that b starts with.
// It returns the number of bytes it took, 0 for a malformed one, and a
// negative rune for half of a pair, which no UTF-8 text can hold.
func unicodeEscape(b []byte) (rune, int) {
	hi, ok := hex4(b)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(hi) {
		return hi, 6
	}
	lo, ok := hex4(b[6:])
	if r := utf16.DecodeRune(hi, lo); ok && r != utf8.RuneError {
		return r, 12
	}
	return -1, 6
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unquote resolves the escapes of raw, which quoted has checked.
func unquote(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			i++
			continue
		}
		switch c := raw[i+1]; c {
		case 'u':
			r, n := unicodeEscape(raw[i:])
			out = utf8.AppendRune(out, r)
			i += n
			continue
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		default:
			out = append(out, c)
		}
		i += 2
	}
	return out
}

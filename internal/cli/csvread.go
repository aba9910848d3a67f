package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/skylinedb/skylinedb/wire"
)

// bom is the mark that some programs begin UTF-8 text with.
const bom = "\ufeff"

// csvReader reads CSV, record by record. Lines end with LF or CRLF. It is
// stricter than RFC 4180 nowhere and more lenient where nothing is in doubt:
// empty lines between records of several fields are passed over.
//
// Unlike that of the standard library, it keeps CRLF within quotes as it is,
// and knows whether a field was quoted.
type csvReader struct {
	r         *bufio.Reader
	delimiter rune
	null      string
	limit     int // of a record, in bytes
	header    bool

	columns []string // nil without a header, once it was read
	width   int      // of the first record
	line    int      // of the record that was read last
	next    int      // of the one that is read next
	size    int      // of the record so far
}

// csvField is a field as it stands in the file.
type csvField struct {
	text   string
	quoted bool
}

// read returns the next record: its line, the columns and the values.
func (c *csvReader) read() (record, error) {
	if c.next == 0 {
		if err := c.begin(); err != nil {
			return record{}, err
		}
	}
	fields, err := c.fields()
	if err != nil {
		return record{}, err
	}
	if c.width == 0 {
		c.width = len(fields)
	}
	if len(fields) != c.width {
		return record{}, c.fault("it has %s, and the first line has %d", count(int64(len(fields)), "field"), c.width)
	}
	values := make([]wire.Value, len(fields))
	for i, f := range fields {
		if !utf8.ValidString(f.text) {
			return record{}, c.fault("field %d is not UTF-8", i+1)
		}
		values[i] = c.value(f)
	}
	return record{c.line, c.columns, values}, nil
}

// value returns what a field stands for: NULL, a number, or text.
func (c *csvReader) value(f csvField) wire.Value {
	if !f.quoted {
		if f.text == c.null {
			return wire.Value{}
		}
		if v, ok := exactNumber(f.text); ok {
			return v
		}
	}
	return wire.Value{Kind: wire.Text, Bytes: []byte(f.text)}
}

// begin passes the mark and reads the header.
func (c *csvReader) begin() error {
	c.next = 1
	if mark, err := c.r.Peek(len(bom)); err == nil && string(mark) == bom {
		_, _ = c.r.Discard(len(bom)) // it was seen
	}
	if !c.header {
		return nil
	}
	fields, err := c.fields()
	if err == io.EOF {
		return errors.New("it is empty: a header line with the names of the columns is missing")
	}
	if err != nil {
		return err
	}
	for i, f := range fields {
		if f.text == "" || !utf8.ValidString(f.text) {
			return c.fault("column %d of the header has no name", i+1)
		}
		c.columns = append(c.columns, f.text)
	}
	c.width = len(fields)
	return nil
}

// fault is an error about the record that was read last.
func (c *csvReader) fault(format string, args ...any) error {
	return &lineError{c.line, fmt.Sprintf(format, args...)}
}

// fields reads one record. The error is io.EOF where there is none.
func (c *csvReader) fields() (all []csvField, err error) {
	for {
		c.line, c.size = c.next, 0
		all = nil
		for more := true; more; {
			var f csvField
			if f, more, err = c.field(len(all) == 0); err != nil {
				return nil, err
			}
			all = append(all, f)
		}
		if len(all) == 1 && all[0] == (csvField{}) && c.width != 1 {
			continue
		}
		return all, nil
	}
}

// field reads one field; more says that another follows in the record.
func (c *csvReader) field(first bool) (f csvField, more bool, err error) {
	var b strings.Builder
	r, err := c.rune()
	if err == io.EOF && !first {
		return f, false, nil // the last line ends with a delimiter and no line feed
	}
	if err == nil && r == '"' {
		f.quoted = true
		if err = c.quoted(&b); err == nil {
			r, err = c.rune()
		}
		if err == nil && !c.endsField(r) {
			return f, false, c.fault("%q stands behind the quote that ends a field", r)
		}
	}
	for ; err == nil && !c.endsField(r); r, err = c.rune() {
		if r == '"' {
			return f, false, c.fault("a quote stands in a field that does not begin with one")
		}
		c.put(&b, r)
	}
	f.text = b.String()
	if err == io.EOF && (f.quoted || !first || f.text != "") {
		return f, false, nil
	}
	if r == '\r' {
		_, _ = c.rune() // the LF that endsField has seen
	}
	return f, err == nil && r == c.delimiter, err
}

// quoted reads on to the quote that ends the field.
func (c *csvReader) quoted(b *strings.Builder) error {
	for {
		r, err := c.rune()
		if err == io.EOF {
			return c.fault("a field that begins with a quote has no quote at its end")
		}
		if err != nil {
			return err
		}
		if r == '"' {
			if next, err := c.r.Peek(1); err != nil || next[0] != '"' {
				return nil
			}
			_, _ = c.r.Discard(1)
		}
		c.put(b, r)
	}
}

// endsField reports whether r, outside of quotes, is no part of the field. A CR
// alone is.
func (c *csvReader) endsField(r rune) bool {
	if r == '\r' {
		next, err := c.r.Peek(1)
		return err == nil && next[0] == '\n'
	}
	return r == c.delimiter || r == '\n'
}

// invalidByte marks a byte that is not UTF-8, and put puts it down as it is.
const invalidByte = -256

func (c *csvReader) put(b *strings.Builder, r rune) {
	if r < 0 {
		b.WriteByte(byte(r - invalidByte))
		return
	}
	b.WriteRune(r)
}

func (c *csvReader) rune() (rune, error) {
	r, n, err := c.r.ReadRune()
	if err != nil {
		return 0, err
	}
	if c.size += n; c.size > c.limit {
		return 0, c.fault("it is longer than %d bytes, which is what --max-frame allows", c.limit)
	}
	if r == '\n' {
		c.next++
	}
	if r == utf8.RuneError && n == 1 {
		_ = c.r.UnreadRune() // it was read just now
		invalid, err := c.r.ReadByte()
		return invalidByte + rune(invalid), err
	}
	return r, nil
}

package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

// Kind is the storage class of a [Value] (https://sqlite.org/datatype3.html).
type Kind uint8

// The storage classes.
const (
	Null Kind = iota
	Integer
	Real
	Text
	Blob
)

// Value is one SQLite value. The zero Value is NULL.
type Value struct {
	Kind  Kind
	Int   int64   // of an Integer
	Float float64 // of a Real; never NaN
	Bytes []byte  // of a Text or a Blob; may be part of the frame it came in
}

// maxSafe is the largest integer that a JSON reader which keeps numbers in
// floats reads exactly: 2^53 - 1.
const maxSafe = 1<<53 - 1

// The names of the objects that stand for what JSON cannot say.
const (
	blobKey = "$blob"
	intKey  = "$int"
	realKey = "$real"
)

// Any returns v as a value of Go's own: nil, int64, float64, string or []byte,
// with a copy of its bytes.
func (v Value) Any() any {
	switch v.Kind {
	case Integer:
		return v.Int
	case Real:
		return v.Float
	case Text:
		return string(v.Bytes)
	case Blob:
		return append([]byte{}, v.Bytes...)
	}
	return nil
}

// value takes one JSON value and returns the SQLite value it stands for.
func (s *scanner) value() (Value, error) {
	switch c := s.peek(); {
	case c == '"':
		b, err := s.text()
		return Value{Kind: Text, Bytes: b}, err
	case c == '-' || isDigit(c):
		return s.numeric()
	case c == '{':
		return s.objectValue()
	case c == '[':
		b, err := s.raw()
		return Value{Kind: Text, Bytes: b}, err
	case c == 'n':
		return Value{}, s.word()
	default:
		err := s.word()
		v := Value{Kind: Integer}
		if c == 't' {
			v.Int = 1
		}
		return v, err
	}
}

func (s *scanner) numeric() (Value, error) {
	start := s.pos
	integer, err := s.number()
	if err != nil {
		return Value{}, err
	}
	if integer {
		return parseInt(s.data[start:s.pos])
	}
	return parseReal(s.data[start:s.pos])
}

// objectValue takes an object: one of the tagged forms, or JSON text.
func (s *scanner) objectValue() (Value, error) {
	start := s.pos
	var key string
	var content []byte // JSON text
	fields := 0
	err := s.object(func(name []byte) error {
		fields++
		switch string(name) {
		case blobKey:
			key = blobKey
		case intKey:
			key = intKey
		case realKey:
			key = realKey
		}
		var err error
		content, err = s.raw()
		return err
	})
	if err != nil {
		return Value{}, err
	}
	if key == "" || fields != 1 {
		return Value{Kind: Text, Bytes: s.data[start:s.pos]}, nil
	}
	if content[0] != '"' {
		return Value{}, fmt.Errorf("the value of %q must be a string", key)
	}
	inner := scanner{data: content}
	text, err := inner.text()
	if err != nil {
		return Value{}, err
	}
	return tagged(key, text)
}

func tagged(key string, content []byte) (Value, error) {
	switch key {
	case blobKey:
		return parseBlob(content)
	case realKey:
		switch string(content) {
		case "inf":
			return Value{Kind: Real, Float: math.Inf(1)}, nil
		case "-inf":
			return Value{Kind: Real, Float: math.Inf(-1)}, nil
		}
	}
	// The JSON grammar, not Go's: no "+1", no hexadecimal, no "nan".
	s := scanner{data: content}
	integer, err := s.number()
	if err != nil || s.pos != len(content) || key == intKey && !integer {
		return Value{}, fmt.Errorf("%q cannot hold %.40q", key, content)
	}
	if key == intKey {
		return parseInt(content)
	}
	return parseReal(content)
}

// strictBase64 admits one text for each BLOB, apart from line breaks.
var strictBase64 = base64.StdEncoding.Strict()

// parseBlob decodes base64 by https://www.rfc-editor.org/rfc/rfc4648#section-4,
// which does not allow for line breaks. An empty BLOB has Bytes that are not nil.
func parseBlob(content []byte) (Value, error) {
	b, err := strictBase64.AppendDecode([]byte{}, content)
	if err != nil || bytes.ContainsAny(content, "\r\n") {
		return Value{}, fmt.Errorf("%q holds malformed base64", blobKey)
	}
	return Value{Kind: Blob, Bytes: b}, nil
}

// parseInt reads a literal that number has found to be an integer.
func parseInt(literal []byte) (Value, error) {
	i, err := strconv.ParseInt(string(literal), 10, 64)
	if err != nil {
		return Value{}, fmt.Errorf("%.40s is not an integer of 64 bits (a float of that size can be sent as {\"$real\":\"…\"})", literal)
	}
	return Value{Kind: Integer, Int: i}, nil
}

// parseReal reads a literal that number has found to be well-formed. What is
// too small for a float is 0, what is too large an error.
func parseReal(literal []byte) (Value, error) {
	f, err := strconv.ParseFloat(string(literal), 64)
	if err != nil {
		return Value{}, fmt.Errorf("%.40s does not fit a float of 64 bits", literal)
	}
	return Value{Kind: Real, Float: f}, nil
}

// AppendValue appends the JSON form of v, the one that decodes to v again:
// integers beyond ±(2^53-1) as {"$int":…}, infinities as {"$real":…}, BLOBs as
// {"$blob":…}, and every other Real with a point or an exponent. Two values
// have no form of their own: NaN becomes null, as in SQLite, and what is not
// UTF-8 in a Text becomes U+FFFD.
func AppendValue(dst []byte, v Value) []byte {
	switch v.Kind {
	case Integer:
		if v.Int > maxSafe || v.Int < -maxSafe {
			dst = append(dst, `{"$int":"`...)
			dst = strconv.AppendInt(dst, v.Int, 10)
			return append(dst, `"}`...)
		}
		return strconv.AppendInt(dst, v.Int, 10)
	case Real:
		return appendReal(dst, v.Float)
	case Text:
		if !utf8.Valid(v.Bytes) {
			return appendText(dst, bytes.ToValidUTF8(v.Bytes, []byte("\uFFFD")))
		}
		return appendText(dst, v.Bytes)
	case Blob:
		dst = append(dst, `{"$blob":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, v.Bytes)
		return append(dst, `"}`...)
	default:
		return append(dst, "null"...)
	}
}

// longText is the length of a Text from which on EncodedSize counts its bytes.
const longText = 4 << 10

// EncodedSize returns the number of bytes that AppendValue appends for a long
// Text or Blob, and for others the length of what they hold. Escapes may make a
// Text six times as long.
func EncodedSize(v Value) int {
	switch {
	case v.Kind == Blob:
		return base64.StdEncoding.EncodedLen(len(v.Bytes))
	case len(v.Bytes) < longText:
		return len(v.Bytes)
	}
	n := len(v.Bytes)
	for _, c := range v.Bytes {
		switch {
		case c < 0x20:
			n += len(`\u0000`) - 1
		case c == '"' || c == '\\':
			n++
		}
	}
	return n
}

func appendReal(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, `{"$real":"inf"}`...)
	case math.IsInf(f, -1):
		return append(dst, `{"$real":"-inf"}`...)
	case math.IsNaN(f):
		return append(dst, "null"...)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', -1, 64)
	for _, c := range dst[start:] {
		if c == '.' || c == 'e' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

const hexDigits = "0123456789abcdef"

func appendText(dst, text []byte) []byte {
	dst = append(dst, '"')
	from := 0 // of what is copied as it is
	for i, c := range text {
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[from:i]...)
		from = i + 1
		if c < 0x20 {
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		} else {
			dst = append(dst, '\\', c)
		}
	}
	return append(append(dst, text[from:]...), '"')
}

// ValueOf returns the SQLite value of a Go value: nil, booleans, integers,
// floats, strings, []byte (a BLOB), [time.Time] (text in RFC 3339), pointers
// to these, [json.RawMessage] and any other type as its JSON text, which is
// NULL where that is null. A string that is not UTF-8, an unsigned integer
// beyond 64 bits signed, and NaN are errors: none of them could be read back
// as it was. The Value of a []byte aliases it.
func ValueOf(x any) (Value, error) {
	switch x := x.(type) {
	case nil:
		return Value{}, nil
	case Value:
		return x, x.check()
	case []byte:
		if x == nil {
			return Value{}, nil
		}
		return Value{Kind: Blob, Bytes: x}, nil
	case json.RawMessage:
		return rawText(x)
	case time.Time:
		return Value{Kind: Text, Bytes: x.AppendFormat(nil, time.RFC3339Nano)}, nil
	case *json.RawMessage, *time.Time: // these are json.Marshalers as well
	case json.Marshaler:
		return jsonText(x)
	}
	return reflected(reflect.ValueOf(x))
}

// check says why v cannot be stored and read back as it is.
func (v Value) check() error {
	switch {
	case v.Kind == Text && !utf8.Valid(v.Bytes):
		return errors.New("a string is not UTF-8: pass it as []byte to store a BLOB")
	case v.Kind == Real && math.IsNaN(v.Float):
		return errors.New("NaN cannot be stored: use NULL")
	}
	return nil
}

func reflected(r reflect.Value) (Value, error) {
	switch r.Kind() {
	case reflect.Bool:
		v := Value{Kind: Integer}
		if r.Bool() {
			v.Int = 1
		}
		return v, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Value{Kind: Integer, Int: r.Int()}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if r.Uint() > math.MaxInt64 {
			return Value{}, fmt.Errorf("%d is not an integer of 64 bits", r.Uint())
		}
		return Value{Kind: Integer, Int: int64(r.Uint())}, nil
	case reflect.Float32, reflect.Float64:
		v := Value{Kind: Real, Float: r.Float()}
		return v, v.check()
	case reflect.String:
		v := Value{Kind: Text, Bytes: []byte(r.String())}
		return v, v.check()
	case reflect.Pointer:
		if r.IsNil() {
			return Value{}, nil
		}
		return ValueOf(r.Elem().Interface())
	default:
		return jsonText(r.Interface())
	}
}

func jsonText(x any) (Value, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // the text is stored: "<" stays "<"
	if err := enc.Encode(x); err != nil {
		return Value{}, fmt.Errorf("a parameter of type %T has no JSON text: %w", x, err)
	}
	return rawText(bytes.TrimSuffix(b.Bytes(), []byte{'\n'}))
}

// rawText is the value of a text that ought to be JSON. It is stored as it
// stands, but for null, which is NULL.
func rawText(text json.RawMessage) (Value, error) {
	if text == nil || string(bytes.TrimSpace(text)) == "null" {
		return Value{}, nil
	}
	if !utf8.Valid(text) || !json.Valid(text) {
		return Value{}, errors.New("a parameter of raw JSON is malformed")
	}
	return Value{Kind: Text, Bytes: text}, nil
}

package wire

import (
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
	literal := string(s.data[start:s.pos])
	if integer {
		return parseInt(literal)
	}
	return parseReal(literal)
}

// objectValue takes an object: one of the tagged forms, or JSON text.
func (s *scanner) objectValue() (Value, error) {
	start := s.pos
	var key string
	var content Value
	fields := 0
	err := s.object(func(name []byte) error {
		fields++
		switch n := string(name); n {
		case blobKey, intKey, realKey:
			if s.peek() != '"' {
				content.Kind = Null
				key = n
				_, err := s.raw()
				return err
			}
			b, err := s.text()
			key, content = n, Value{Kind: Text, Bytes: b}
			return err
		}
		_, err := s.raw()
		return err
	})
	if err != nil {
		return Value{}, err
	}
	if key == "" || fields != 1 {
		return Value{Kind: Text, Bytes: s.data[start:s.pos]}, nil
	}
	if content.Kind != Text {
		return Value{}, fmt.Errorf("the value of %q must be a string", key)
	}
	return tagged(key, content.Bytes)
}

func tagged(key string, content []byte) (Value, error) {
	switch key {
	case blobKey:
		b, err := base64.StdEncoding.AppendDecode(nil, content)
		if err != nil {
			return Value{}, fmt.Errorf("%q holds malformed base64", key)
		}
		return Value{Kind: Blob, Bytes: b}, nil
	case intKey:
		return parseInt(string(content))
	default:
		return parseReal(string(content))
	}
}

func parseInt(literal string) (Value, error) {
	i, err := strconv.ParseInt(literal, 10, 64)
	if err != nil {
		return Value{}, fmt.Errorf("%.40s is not an integer of 64 bits (a float of that size can be sent as {\"$real\":\"…\"})", literal)
	}
	return Value{Kind: Integer, Int: i}, nil
}

func parseReal(literal string) (Value, error) {
	switch literal {
	case "inf", "+inf":
		return Value{Kind: Real, Float: math.Inf(1)}, nil
	case "-inf":
		return Value{Kind: Real, Float: math.Inf(-1)}, nil
	}
	// The JSON grammar, not Go's: no hexadecimal, no "nan", no underscores.
	s := scanner{data: []byte(literal)}
	if _, err := s.number(); err != nil || s.pos != len(literal) {
		return Value{}, fmt.Errorf("%.40q is not a number", literal)
	}
	f, err := strconv.ParseFloat(literal, 64)
	if errors.Is(err, strconv.ErrRange) && math.IsInf(f, 0) {
		return Value{}, fmt.Errorf("%.40s does not fit a float of 64 bits", literal)
	}
	return Value{Kind: Real, Float: f}, nil
}

// AppendValue appends the JSON form of v, the one that decodes to v again:
// integers beyond ±(2^53-1) as {"$int":…}, infinities as {"$real":…}, BLOBs as
// {"$blob":…}, and every other Real with a point or an exponent.
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
		return appendText(dst, v.Bytes)
	case Blob:
		dst = append(dst, `{"$blob":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, v.Bytes)
		return append(dst, `"}`...)
	default:
		return append(dst, "null"...)
	}
}

func appendReal(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, `{"$real":"inf"}`...)
	case math.IsInf(f, -1):
		return append(dst, `{"$real":"-inf"}`...)
	case math.IsNaN(f): // SQLite stores NaN as NULL
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
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// ValueOf returns the SQLite value of a Go value: nil, booleans, integers,
// floats, strings, []byte (a BLOB), [time.Time] (text in RFC 3339), pointers
// to these, [json.RawMessage] and any other type as its JSON text. A string
// that is not UTF-8, an unsigned integer beyond 64 bits signed, and NaN are
// errors: none of them could be read back as it was.
func ValueOf(x any) (Value, error) {
	switch x := x.(type) {
	case nil:
		return Value{}, nil
	case Value:
		return x, nil
	case []byte:
		if x == nil {
			return Value{}, nil
		}
		return Value{Kind: Blob, Bytes: x}, nil
	case json.RawMessage:
		return jsonText(x)
	case time.Time:
		return Value{Kind: Text, Bytes: []byte(x.Format(time.RFC3339Nano))}, nil
	case json.Marshaler:
		return jsonText(x)
	}
	return reflected(reflect.ValueOf(x))
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
		if math.IsNaN(r.Float()) {
			return Value{}, errors.New("NaN cannot be stored: use NULL")
		}
		return Value{Kind: Real, Float: r.Float()}, nil
	case reflect.String:
		if !utf8.ValidString(r.String()) {
			return Value{}, errors.New("a string is not UTF-8: pass it as []byte to store a BLOB")
		}
		return Value{Kind: Text, Bytes: []byte(r.String())}, nil
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
	b, err := json.Marshal(x)
	if err != nil {
		return Value{}, fmt.Errorf("a parameter of type %T has no JSON text: %w", x, err)
	}
	return Value{Kind: Text, Bytes: b}, nil
}

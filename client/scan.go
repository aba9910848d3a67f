package client

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/skylinedb/skylinedb/wire"
)

// scanner is what database/sql calls a Scanner.
type scanner interface{ Scan(any) error }

// scan copies v to what dest points to. The usual destinations come first;
// the others take reflection.
func scan(dest any, v wire.Value) error {
	switch d := dest.(type) {
	case nil:
		return nil
	case *wire.Value:
		*d = wire.Value{Kind: v.Kind, Int: v.Int, Float: v.Float, Bytes: bytes.Clone(v.Bytes)}
		return nil
	case *any:
		*d = v.Any()
		return nil
	case *int64:
		if v.Kind == wire.Integer {
			*d = v.Int
			return nil
		}
	case *float64:
		if v.Kind == wire.Real {
			*d = v.Float
			return nil
		}
	case *string:
		if v.Kind == wire.Text {
			*d = string(v.Bytes)
			return nil
		}
	case scanner:
		return d.Scan(v.Any())
	}
	p := reflect.ValueOf(dest)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("a destination must be a pointer, and a %T is none", dest)
	}
	return scanInto(p.Elem(), v)
}

var errNull = errors.New("NULL needs a pointer to a pointer, or to any")

// scanInto stores v in d, where d can hold it as it is.
func scanInto(d reflect.Value, v wire.Value) error {
	switch kind := d.Kind(); {
	case kind == reflect.Pointer && v.Kind == wire.Null:
		d.SetZero()
		return nil
	case kind == reflect.Pointer:
		d.Set(reflect.New(d.Type().Elem()))
		return scan(d.Interface(), v)
	case isBytes(d):
		return scanBytes(d, v)
	case v.Kind == wire.Null:
		return errNull
	case kind == reflect.String && v.Kind == wire.Text:
		d.SetString(string(v.Bytes))
		return nil
	case v.Kind == wire.Integer && scanInt(d, v.Int):
		return nil
	case v.Kind == wire.Real && d.CanFloat():
		d.SetFloat(v.Float)
		return nil
	}
	return fmt.Errorf("%s cannot be a %v", describe(v), d.Type())
}

func isBytes(d reflect.Value) bool {
	return d.Kind() == reflect.Slice && d.Type().Elem().Kind() == reflect.Uint8
}

// scanBytes stores a BLOB, text as its bytes, and NULL as nil.
func scanBytes(d reflect.Value, v wire.Value) error {
	switch v.Kind {
	case wire.Null:
		d.SetZero()
	case wire.Text, wire.Blob:
		d.SetBytes(append([]byte{}, v.Bytes...))
	default:
		return fmt.Errorf("%s cannot be a %v", describe(v), d.Type())
	}
	return nil
}

// scanInt stores i in a number or a bool, and reports whether it could without
// loss.
func scanInt(d reflect.Value, i int64) bool {
	switch {
	case d.Kind() == reflect.Bool && (i == 0 || i == 1):
		d.SetBool(i == 1)
	case d.CanInt() && !d.OverflowInt(i):
		d.SetInt(i)
	case d.CanUint() && i >= 0 && !d.OverflowUint(uint64(i)):
		d.SetUint(uint64(i))
	case d.CanFloat() && int64(float64(i)) == i:
		d.SetFloat(float64(i))
	default:
		return false
	}
	return true
}

func describe(v wire.Value) string {
	switch v.Kind {
	case wire.Integer:
		return fmt.Sprintf("the integer %d", v.Int)
	case wire.Real:
		return fmt.Sprintf("the number %v", v.Float)
	case wire.Text:
		return fmt.Sprintf("the text %.40q", v.Bytes)
	case wire.Blob:
		return fmt.Sprintf("a BLOB of %d bytes", len(v.Bytes))
	}
	return "NULL"
}

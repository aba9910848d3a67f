package wire

import (
	"fmt"
	"math"
	"slices"
	"time"
)

func requestID(name string, raw []byte) (string, error) {
	id, err := textField(name, raw)
	if err == nil && (len(id) < 1 || len(id) > MaxRequestID) {
		err = fmt.Errorf("a request id in %q must have 1 to %d bytes", name, MaxRequestID)
	}
	return id, err
}

// absent reports whether a field is missing or null, which mean the same.
func absent(raw []byte) bool { return raw == nil || raw[0] == 'n' }

func textField(name string, raw []byte) (string, error) {
	if absent(raw) {
		return "", nil
	}
	if raw[0] != '"' {
		return "", fmt.Errorf("the field %q must be a string", name)
	}
	text, err := (&scanner{data: raw}).text()
	return string(text), err
}

func boolField(name string, raw []byte) (bool, error) {
	if absent(raw) {
		return false, nil
	}
	if raw[0] != 't' && raw[0] != 'f' {
		return false, fmt.Errorf("the field %q must be true or false", name)
	}
	return raw[0] == 't', nil
}

func intField(name string, raw []byte) (int64, error) {
	if raw[0] == '-' || isDigit(raw[0]) || raw[0] == '{' {
		if v, err := (&scanner{data: raw}).value(); err == nil && v.Kind == Integer {
			return v.Int, nil
		}
	}
	return 0, fmt.Errorf("the field %q must be an integer of 64 bits", name)
}

func optionalInt(name string, raw []byte) (*int64, error) {
	if absent(raw) {
		return nil, nil
	}
	i, err := intField(name, raw)
	return &i, err
}

// durationField reads milliseconds, at least one; 0 where there are none.
func durationField(name string, raw []byte) (time.Duration, error) {
	if absent(raw) {
		return 0, nil
	}
	ms, err := intField(name, raw)
	if err != nil {
		return 0, err
	}
	if ms < 1 {
		return 0, fmt.Errorf("the field %q must be at least 1", name)
	}
	return time.Duration(min(ms, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond, nil
}

// choice reads a field that must be one of the texts allowed.
func choice[T ~string](name string, raw []byte, absence T, allowed ...T) (T, error) {
	if absent(raw) {
		return absence, nil
	}
	text, err := textField(name, raw)
	if err != nil {
		return absence, err
	}
	for _, a := range allowed {
		if T(text) == a {
			return a, nil
		}
	}
	// A copy is shown, so that the caller's list stays off the heap.
	return absence, fmt.Errorf("the field %q must be one of %q", name, slices.Clone(allowed))
}

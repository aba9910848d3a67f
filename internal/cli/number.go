package cli

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/skylinedb/skylinedb/wire"
)

// numberText returns an Integer or a Real as people read it; a Real always has
// a point, an exponent or a name.
func numberText(v wire.Value) string {
	if v.Kind == wire.Integer {
		return strconv.FormatInt(v.Int, 10)
	}
	switch {
	case math.IsInf(v.Float, 1):
		return "Inf"
	case math.IsInf(v.Float, -1):
		return "-Inf"
	}
	if a := math.Abs(v.Float); a == 0 || a >= 1e-4 && a < 1e15 {
		return withPoint(strconv.FormatFloat(v.Float, 'f', -1, 64))
	}
	return withPoint(strconv.FormatFloat(v.Float, 'g', -1, 64))
}

func withPoint(text string) string {
	if strings.ContainsAny(text, ".e") {
		return text
	}
	return text + ".0"
}

// The forms of numbers as numberText writes them.
var (
	integerText = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,18})$`)
	realText    = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?$`)
)

// exactNumber returns the number that text stands for, where nothing is lost
// by storing the number in its place: numberText would write it in the same way
// again. 007 and 1.50 are text.
func exactNumber(text string) (wire.Value, bool) {
	if text == "-0" || text == "-0.0" {
		return wire.Value{}, false
	}
	if integerText.MatchString(text) {
		i, err := strconv.ParseInt(text, 10, 64)
		return wire.Value{Kind: wire.Integer, Int: i}, err == nil
	}
	if !realText.MatchString(text) {
		return wire.Value{}, false
	}
	f, err := strconv.ParseFloat(text, 64)
	v := wire.Value{Kind: wire.Real, Float: f}
	return v, err == nil && numberText(v) == text
}

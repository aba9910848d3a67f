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

// decimal is a number that SQLite, asked for its text, may write in the same
// way: no sign but a minus, no zeros too many, no exponent.
var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,18})(\.([0-9]{0,14}[1-9]|0))?$`)

// exactNumber returns the number that text stands for, where nothing is lost
// by storing the number in its place: SQLite would write it in the same way
// again. 007, 1.50 and numbers of more than 15 digits with a point are text.
func exactNumber(text string) (wire.Value, bool) {
	if !decimal.MatchString(text) || text == "-0" || text == "-0.0" {
		return wire.Value{}, false
	}
	if !strings.Contains(text, ".") {
		i, err := strconv.ParseInt(text, 10, 64)
		return wire.Value{Kind: wire.Integer, Int: i}, err == nil
	}
	digits := strings.TrimLeft(strings.Replace(strings.TrimPrefix(text, "-"), ".", "", 1), "0")
	f, err := strconv.ParseFloat(text, 64)
	// Below that, SQLite writes an exponent.
	small := f != 0 && math.Abs(f) < 1e-4
	return wire.Value{Kind: wire.Real, Float: f}, err == nil && len(digits) <= 15 && !small
}

package driver

import (
	"database/sql"
	"database/sql/driver"
	"strings"
	"time"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// timeLayout is how a time is stored.
// https://sqlite.org/lang_datefunc.html#time_values
const timeLayout = "2006-01-02 15:04:05.999999999-07:00"

// timeLayouts are how a time may be found in a file.
var timeLayouts = []string{
	timeLayout,
	"2006-01-02T15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04Z07:00",
	"2006-01-02T15:04Z07:00",
	"2006-01-02 15:04",
	"2006-01-02T15:04",
	"2006-01-02",
}

// fromMillis is where integers begin to be milliseconds: as seconds they would
// be beyond the year 5138, and as milliseconds they are after March 1973.
const fromMillis = 1e11

// stored returns what a parameter is stored as.
func stored(v driver.Value) any {
	t, ok := v.(time.Time)
	if !ok {
		return v
	}
	// Zones of long ago have seconds, which the layout does not tell.
	if _, offset := t.Zone(); offset%60 != 0 {
		t = t.UTC()
	}
	return t.Format(timeLayout)
}

// byName reports whether the parameters have names.
func byName(args []driver.NamedValue) (bool, error) {
	names := 0
	for _, arg := range args {
		if arg.Name != "" {
			names++
		}
	}
	if names != 0 && names != len(args) {
		return false, wire.Errorf(wire.CodeInvalidRequest, "Parameters go by place or by name (sql.Named), not both: give all in one way.")
	}
	return names != 0, nil
}

// parameters gives a statement for the daemon its parameters.
func parameters(st *client.Stmt, args []driver.NamedValue) error {
	named, err := byName(args)
	if err != nil {
		return err
	}
	if !named {
		for _, arg := range args {
			st.Args = append(st.Args, stored(arg.Value))
		}
		return nil
	}
	st.Named = make(map[string]any, len(args))
	for _, arg := range args {
		if _, twice := st.Named[arg.Name]; twice {
			return wire.Errorf(wire.CodeInvalidRequest, "The parameter %.60s was given twice.", arg.Name)
		}
		st.Named[arg.Name] = stored(arg.Value)
	}
	return nil
}

// readerArgs are parameters for a statement on the file.
func readerArgs(args []driver.NamedValue) ([]any, error) {
	if _, err := byName(args); err != nil {
		return nil, err
	}
	given := make([]any, len(args))
	for i, arg := range args {
		given[i] = stored(arg.Value)
		if arg.Name != "" {
			given[i] = sql.Named(arg.Name, given[i])
		}
	}
	return given, nil
}

// loaded returns what a value from a column of that type comes back as.
func (t columnType) loaded(v any) driver.Value {
	switch t.kind {
	case kindTime:
		return asTime(v)
	case kindBool:
		if n, ok := v.(int64); ok && (n == 0 || n == 1) {
			return n == 1
		}
	}
	return v
}

// asTime returns a stored time, or v as it is where it is none.
func asTime(v any) driver.Value {
	switch v := v.(type) {
	case int64:
		if v >= fromMillis || v <= -fromMillis {
			return time.UnixMilli(v).UTC()
		}
		return time.Unix(v, 0).UTC()
	case string:
		text := strings.TrimSpace(v)
		for _, layout := range timeLayouts {
			if t, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
				return utc(t)
			}
		}
	}
	return v
}

// utc gives a time without an offset the zone UTC: what comes out equals what
// went in then, also by ==.
func utc(t time.Time) time.Time {
	if _, offset := t.Zone(); offset == 0 {
		return t.UTC()
	}
	return t
}

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/pflag"

	"github.com/skylinedb/skylinedb/wire"
)

const paramHelp = `Parameters belong to a single statement. --param gives them by place (?, ?1),
--named by name (:x, @x, $x). A VALUE is
  null, true, false     as they stand (true is 1, false is 0)
  12, -7                an integer
  1.5, 2e9              a float
  text:ANYTHING         text, also where it looks like one of these
  int:N, real:X         an integer, a float (also inf and -inf)
  blob:BASE64           a BLOB
  json:JSON             a JSON value as the protocol has it; arrays and objects are text
and text otherwise: 007 and 1,5 are no numbers.

--params-json gives all parameters as JSON: an array or an object for a single
statement, an array with one of them (or null) per statement for several.`

// paramFlags are the flags that hold parameters. At most one kind is used.
type paramFlags struct {
	placed []string
	named  []string
	json   string
}

func (f *paramFlags) register(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&f.placed, "param", "p", nil, "the next parameter by place, as VALUE (repeatable)")
	flags.StringArrayVar(&f.named, "named", nil, "a parameter by name, as NAME=VALUE (repeatable)")
	flags.StringVar(&f.json, "params-json", "", "the parameters as JSON, - reads it from standard input")
}

// parse returns the parameters of n statements, nil if there are none.
func (f *paramFlags) parse(n int, stdin io.Reader) ([]wire.Params, error) {
	kinds := 0
	for _, used := range []bool{len(f.placed) > 0, len(f.named) > 0, f.json != ""} {
		if used {
			kinds++
		}
	}
	switch {
	case kinds == 0:
		return nil, nil
	case kinds > 1:
		return nil, usagef("use one of --param, --named and --params-json")
	case f.json != "":
		return f.parseJSON(n, stdin)
	case n != 1:
		return nil, usagef("--param and --named belong to a single statement: use --params-json for %d of them", n)
	}
	params, err := f.parseValues()
	return []wire.Params{params}, err
}

func (f *paramFlags) parseValues() (wire.Params, error) {
	var placed []any
	for _, text := range f.placed {
		v, err := parseValue(text)
		if err != nil {
			return wire.Params{}, usagef("--param %q: %w", text, err)
		}
		placed = append(placed, v)
	}
	named := map[string]any{}
	for _, text := range f.named {
		name, value, ok := strings.Cut(text, "=")
		if _, twice := named[name]; !ok || name == "" || twice {
			return wire.Params{}, usagef("--named %q: use NAME=VALUE, each name once", text)
		}
		v, err := parseValue(value)
		if err != nil {
			return wire.Params{}, usagef("--named %q: %w", text, err)
		}
		named[name] = v
	}
	params, err := wire.NewParams(placed...)
	if len(named) > 0 {
		params, err = wire.NamedParams(named)
	}
	if err != nil {
		return wire.Params{}, usagef("%w", err)
	}
	return params, nil
}

// literal is what JSON calls a number. Anything else that has digits in it, a
// telephone number say, is text.
var literal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// parseValue reads a VALUE by the rule of paramHelp.
func parseValue(text string) (any, error) {
	if literal.MatchString(text) {
		return parseJSONValue(text)
	}
	switch text {
	case "null":
		return nil, nil
	case "true", "false":
		return text == "true", nil
	}
	kind, rest, found := strings.Cut(text, ":")
	if !found {
		return text, nil
	}
	switch kind {
	case "int", "real", "blob":
		tagged, err := json.Marshal(map[string]string{"$" + kind: rest})
		if err != nil {
			return nil, err
		}
		return parseJSONValue(string(tagged))
	case "json":
		return parseJSONValue(rest)
	case "text":
		return rest, nil
	}
	return text, nil
}

// parseJSONValue reads one value in the protocol's form.
func parseJSONValue(text string) (any, error) {
	params, err := wire.ParseParams([]byte("[" + text + "]"))
	if err != nil {
		return nil, err
	}
	if params.Len() != 1 {
		return nil, fmt.Errorf("it must be one JSON value")
	}
	for _, v := range params.All() {
		return v, nil
	}
	return nil, nil
}

// parseJSON reads --params-json. The number of statements alone decides what
// it must look like: an array of arrays is a fine list of parameters as well.
func (f *paramFlags) parseJSON(n int, stdin io.Reader) ([]wire.Params, error) {
	text := []byte(f.json)
	if f.json == "-" {
		var err error
		if text, err = io.ReadAll(stdin); err != nil {
			return nil, fmt.Errorf("read the parameters: %w", err)
		}
	}
	each := []json.RawMessage{text}
	if n != 1 {
		if err := json.Unmarshal(text, &each); err != nil || len(each) != n {
			return nil, usagef("--params-json must be an array of %d arrays or objects, one for each statement", n)
		}
	}
	all := make([]wire.Params, n)
	for i, text := range each {
		if string(bytes.TrimSpace(text)) == "null" {
			continue
		}
		params, err := wire.ParseParams(text)
		if err != nil {
			return nil, usagef("--params-json: %w", err)
		}
		all[i] = params
	}
	return all, nil
}

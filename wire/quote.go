package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// Quote returns text, such as a path, in quotation marks for a message. It is
// escaped as in Go, but for backslashes where nothing else has to be: a path of
// Windows can be copied out of the message.
func Quote(text string) string {
	escaped := strconv.Quote(text)
	if plain := `"` + text + `"`; strings.ReplaceAll(escaped, `\\`, `\`) == plain {
		return plain
	}
	return escaped
}

// quoted is a text that the verb %q shows as [Quote] does.
type quoted string

// Format implements [fmt.Formatter].
func (q quoted) Format(f fmt.State, verb rune) {
	format := fmt.FormatString(f, verb)
	if format == "%q" {
		_, _ = fmt.Fprint(f, Quote(string(q))) // to a buffer of fmt's
		return
	}
	fmt.Fprintf(f, format, string(q))
}

// quoteTexts makes the texts among args show as [Quote] has them.
func quoteTexts(args []any) []any {
	shown := make([]any, len(args))
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			arg = quoted(text)
		}
		shown[i] = arg
	}
	return shown
}

package cli

import (
	"regexp"
	"strings"
)

// contentOption finds the option content of an FTS table. The text before it
// is the name of a column or another option.
var contentOption = regexp.MustCompile(`(?is)[(,]\s*content\s*=\s*("(?:[^"]|"")*"|'(?:[^']|'')*'|\[[^\]]*\]|\x60[^\x60]*\x60|\w*)`)

// content returns the table that an FTS table has its text from, as it stands
// in the SQL, "" where it has none at all, and nil where it keeps it itself.
func (t *table) content() *string {
	if !strings.HasPrefix(t.module, "fts") {
		return nil
	}
	m := contentOption.FindStringSubmatch(t.sql)
	if m == nil {
		return nil
	}
	name := strings.Trim(m[1], "\"'[]`")
	return &name
}

// external reports whether the index of t is made of another table's text.
func (t *table) external() bool {
	content := t.content()
	return content != nil && *content != ""
}

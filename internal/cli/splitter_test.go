package cli

import (
	"slices"
	"strings"
	"testing"
)

const trigger = "CREATE TRIGGER a AFTER INSERT ON t BEGIN\n  UPDATE t SET x = CASE WHEN 1 THEN 2 END;\n  SELECT ';'; END;"

func TestSplitter(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
		pending    bool
	}{
		{"one", "SELECT 1;\n", []string{"SELECT 1;"}, false},
		{"several on a line", "SELECT 1; SELECT 2;\n", []string{"SELECT 1;", "SELECT 2;"}, false},
		{"over lines", "SELECT\n1\n;\n", []string{"SELECT\n1\n;"}, false},
		{"unfinished", "SELECT 1\n", nil, true},
		{"nothing", " \n;; -- x;\n/* y;\n */;\n", nil, false},
		{"open comment", "/* x\n", nil, true},
		{"strings", "SELECT 'a;''b;\n', \"c;\", `d;`, [e;];\n", []string{"SELECT 'a;''b;\n', \"c;\", `d;`, [e;];"}, false},
		{"comments", "SELECT 1 -- ;'\n, 2 /* ; ' */;\n", []string{"SELECT 1 -- ;'\n, 2 /* ; ' */;"}, false},
		{"minus and divided", "SELECT 1 - 2 / 3;\n", []string{"SELECT 1 - 2 / 3;"}, false},
		{"trigger", trigger + " SELECT 1;\n", []string{trigger, "SELECT 1;"}, false},
		{"lower case", strings.ToLower(trigger) + "\n", []string{strings.ToLower(trigger)}, false},
		{"TEMP trigger", "CREATE TEMP" + trigger[6:] + "\n", []string{"CREATE TEMP" + trigger[6:]}, false},
		{"explained trigger", "EXPLAIN QUERY PLAN " + trigger + "\n", []string{"EXPLAIN QUERY PLAN " + trigger}, false},
		{"trigger behind a comment", "/* t */ " + trigger + "\n", []string{"/* t */ " + trigger}, false},
		{"unfinished trigger", "CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1;\n", nil, true},
		{"END that is a name", "CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; END_ ; END;\n",
			[]string{"CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; END_ ; END;"}, false},
		{"table", "CREATE TABLE trigger_(a); END;\n", []string{"CREATE TABLE trigger_(a);", "END;"}, false},
		{"not ASCII", "SELECT 'Zürich;', 東京;\n", []string{"SELECT 'Zürich;', 東京;"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s splitter
			var got []string
			for line := range strings.Lines(test.text) {
				got = append(got, s.add(line)...)
			}
			if !slices.Equal(got, test.want) || s.pending() != test.pending {
				t.Errorf("got %q, pending %v, want %q, %v", got, s.pending(), test.want, test.pending)
			}
			s.reset()
			if again := s.add("SELECT 9;\n"); s.pending() || !slices.Equal(again, []string{"SELECT 9;"}) {
				t.Errorf("after a reset: %q", again)
			}
		})
	}
}

func TestWords(t *testing.T) {
	tests := map[string]string{
		"select 1":                          "SELECT 1",
		" -- x\n/* y */ Rollback /**/ to a": "ROLLBACK TO A",
		"/* open":                           "",
		";":                                 "",
		"a b c d":                           "A B C",
	}
	for sql, want := range tests {
		if got := strings.Join(words(sql, 3), " "); got != want {
			t.Errorf("words(%q) = %q, want %q", sql, got, want)
		}
	}
}

func FuzzSplitter(f *testing.F) {
	f.Add(trigger)
	f.Add("SELECT 'a;' -- ;\n;x")
	f.Fuzz(func(t *testing.T, text string) {
		var s splitter
		kept := 0
		for line := range strings.Lines(text) {
			for _, statement := range s.add(line) {
				kept += len(statement)
				if !strings.HasSuffix(statement, ";") {
					t.Errorf("%q has no semicolon", statement)
				}
			}
		}
		if kept+len(s.text) > len(text) {
			t.Errorf("%d bytes came of %d", kept+len(s.text), len(text))
		}
	})
}

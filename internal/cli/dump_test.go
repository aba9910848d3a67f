package cli

import "testing"

func TestContentOption(t *testing.T) {
	tests := map[string]string{
		`CREATE VIRTUAL TABLE f USING fts5(a, b)`:                             "own",
		`CREATE VIRTUAL TABLE f USING fts5(a, content='t', content_rowid=id)`: "t",
		`CREATE VIRTUAL TABLE f USING fts5(a, content="")`:                    "",
		`create virtual table f using "fts4"(content=t2, a)`:                  "t2",
		`CREATE VIRTUAL TABLE f USING fts5(content, a)`:                       "own",
		`CREATE VIRTUAL TABLE f USING rtree(id, a, b)`:                        "own",
		`CREATE TABLE f(a DEFAULT ' using fts5(a, content=t)')`:               "own",
	}
	for sql, want := range tests {
		s := &schema{}
		s.add(object{"table", "f", "f", sql})
		got := "own"
		if c := s.tables[0].content(); c != nil {
			got = *c
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", sql, got, want)
		}
	}
}

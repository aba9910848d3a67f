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

// Parents stand before their children, and rings are no trouble.
func TestTableOrder(t *testing.T) {
	s := &schema{}
	for _, name := range []string{"a", "b", "c", "d"} {
		s.add(object{"table", name, name, "CREATE TABLE " + name + "(x)"})
	}
	s.table("a").parents = []string{"C", "nowhere"}
	s.table("c").parents = []string{"d", "c"}
	s.table("d").parents = []string{"a"}
	s.sort()
	got := ""
	for _, t := range s.tables {
		got += t.name
	}
	if got != "dcab" {
		t.Errorf("got %q", got)
	}
}

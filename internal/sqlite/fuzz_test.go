package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// FuzzGate runs any text as a client's, as a statement and as a VACUUM. It may
// fail as it likes, but not reach past the gate: the directory has the same
// files, the journal mode is the same, nothing of the daemon's has changed, and
// the transaction is open unless SQLite gave it up with an error.
func FuzzGate(f *testing.F) {
	for _, list := range [][]string{forbidden, refused, allowed} {
		for _, sql := range list {
			f.Add(sql)
		}
	}
	f.Add(`VACUUM /*;--*/ ; DROP TABLE _skylinedb_state`)
	f.Add(`PRAGMA journal_mode = DELETE`)
	f.Add(`SELECT * FROM pragma_journal_mode('delete')`)
	c, file := openGated(f)
	f.Cleanup(func() { c.Close() })
	want := fuzzState(f, c, file)
	f.Fuzz(func(t *testing.T, sql string) {
		if c.Broken() {
			c.Close()
			var err error
			if c, err = Open(file, Options{ForeignKeys: true}); err != nil {
				t.Fatal(err)
			}
		}
		fuzzRun(t, c, sql)
		fuzzVacuum(t, c, sql)
		if c.Broken() {
			return
		}
		if got := fuzzState(t, c, file); got != want {
			t.Fatalf("%q changed\n%s\nto\n%s", sql, want, got)
		}
	})
}

func fuzzRun(t *testing.T, c *Conn, sql string) {
	if err := c.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := c.Run(ctx, sql, wire.Params{}, true)
	if err == nil && !c.InTx() {
		t.Fatalf("%q ended the transaction without an error", sql)
	}
	if errors.Is(err, ErrFault) && !errors.Is(err, ErrOutOfMemory) && len(sql) < 1<<20 {
		t.Fatalf("%q: %v", sql, err)
	}
	if got, err := own(c); err == nil && got != ownWant {
		t.Fatalf("%q changed the daemon's tables to %s", sql, got)
	}
	if err := c.Rollback(); err != nil {
		t.Fatal(err)
	}
}

func fuzzVacuum(t *testing.T, c *Conn, sql string) {
	if c.Broken() || !IsVacuum(sql) {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_ = c.Vacuum(ctx, sql, wire.Params{})
}

const ownWant = "1 7 e 1 r"

// own returns the content of the daemon's tables.
func own(c *Conn) (s string, err error) {
	err = c.Query(func(r Row) error { s = r.Text(0); return nil },
		`SELECT concat_ws(' ', s.id, rev, epoch, seq, r.id) FROM _skylinedb_state s, _skylinedb_requests r`)
	return s, err
}

func fuzzState(t testing.TB, c *Conn, file string) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	tables, err := own(c)
	if err != nil {
		tables = err.Error()
	}
	return fmt.Sprintf("files %s; journal mode %s; tables %s; databases %s; temporary %s", strings.Join(names, " "),
		text(t, c, `PRAGMA journal_mode`), tables, text(t, c, `SELECT group_concat(name) FROM pragma_database_list WHERE name <> 'temp'`),
		text(t, c, `SELECT count(*) FROM sqlite_temp_schema`))
}

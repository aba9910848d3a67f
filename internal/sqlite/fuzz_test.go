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

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/wire"
)

// FuzzGate runs any text as a client's: the text itself, and what the bytes
// make of pieces of attacks with the text among them. It may fail as it likes,
// but not reach past the gate: see [gateFuzz.watch].
func FuzzGate(f *testing.F) {
	for _, sql := range gateSeeds() {
		f.Add(sql, []byte{})
	}
	for i := range gatePieces {
		f.Add(`SELECT 1`, []byte{byte(i)})
		f.Add(`COMMIT`, []byte{byte(i), 0, byte(i * 7)})
	}
	g := openGateFuzz(f)
	f.Fuzz(func(t *testing.T, sql string, pieces []byte) {
		g.t = t
		if len(pieces) > 0 {
			sql = compose(sql, pieces)
		}
		wrote := g.run(sql, true, false)
		g.run(sql, false, false)
		if IsVacuum(sql) {
			g.vacuum(sql)
		}
		if wrote {
			g.run(sql, true, true)
			g.reset()
		}
	})
}

// gateFuzz is a connection behind the gate, to a file that is made anew
// whenever something was committed.
type gateFuzz struct {
	t    testing.TB
	c    *Conn
	file string
	fill []byte // the file's content, its log included
	want string // how it all looks
}

func openGateFuzz(f *testing.F) *gateFuzz {
	f.Helper()
	c, file := openGated(f)
	if err := c.Close(); err != nil {
		f.Fatal(err)
	}
	fill, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	g := &gateFuzz{t: f, c: c, file: file, fill: fill}
	g.reset()
	f.Cleanup(func() { g.c.Close() })
	g.want = g.look()
	return g
}

// reset makes the file and the connection anew.
func (g *gateFuzz) reset() {
	g.t.Helper()
	g.c.Close()
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(g.file + suffix); err != nil && !os.IsNotExist(err) {
			g.t.Fatal(err)
		}
	}
	if err := os.WriteFile(g.file, g.fill, 0o600); err != nil {
		g.t.Fatal(err)
	}
	g.open()
}

func (g *gateFuzz) open() {
	g.t.Helper()
	var err error
	if g.c, err = Open(g.file, Options{ForeignKeys: true}); err != nil {
		g.t.Fatal(err)
	}
	g.c.db.Limit(sqlite3.LIMIT_LENGTH, 1<<20) // functions take no end with what is longer
}

// run runs sql in a transaction, and commits that or rolls it back. It reports
// whether sql succeeded and wrote.
func (g *gateFuzz) run(sql string, writable, commit bool) (wrote bool) {
	t := g.t
	t.Helper()
	if err := g.c.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	r, err := g.c.Run(ctx, wire.Stmt{SQL: sql}, RunOptions{Writable: writable})
	switch {
	case err == nil && !g.c.InTx():
		t.Fatalf("%q ended the transaction without an error", sql)
	case errors.Is(err, ErrFault) && !errors.Is(err, ErrOutOfMemory):
		t.Fatalf("%q: %v", sql, err)
	case r.Wrote && !writable:
		t.Fatalf("%q wrote where it must not", sql)
	}
	if g.c.Broken() {
		g.c.Close()
		g.open()
		g.watch(sql)
		return false
	}
	if tables, e := own(g.c); e == nil && tables != ownWant {
		t.Fatalf("%q changed the daemon's tables to %s", sql, tables)
	}
	if err == nil && (commit || !r.Wrote) {
		g.commit(sql, r.Wrote)
	} else if err := g.c.Rollback(); err != nil {
		t.Fatal(err)
	}
	g.watch(sql)
	return err == nil && r.Wrote
}

// commit commits what sql did: nothing, unless it is known to have written.
func (g *gateFuzz) commit(sql string, wrote bool) {
	t := g.t
	t.Helper()
	const untouched = -1
	g.c.walPages = untouched
	violated, err := g.c.DeferredViolations()
	if err != nil {
		t.Fatal(err)
	}
	if violated {
		err = g.c.Rollback()
	} else {
		err = g.c.Commit()
	}
	if err != nil {
		t.Fatalf("%q: %v", sql, err)
	}
	if !wrote && g.c.walPages != untouched {
		t.Fatalf("%q wrote without being seen to", sql)
	}
	if ok, err := g.c.Intact(); wrote && (err != nil || !ok) {
		t.Fatalf("%q damaged the file: intact %v, %v", sql, ok, err)
	}
}

// vacuum runs sql as the VACUUM that it begins with.
func (g *gateFuzz) vacuum(sql string) {
	ctx, cancel := context.WithTimeout(g.t.Context(), time.Second)
	defer cancel()
	err := g.c.Vacuum(ctx, sql, wire.Params{})
	if errors.Is(err, ErrFault) && !errors.Is(err, ErrOutOfMemory) {
		g.t.Fatalf("%q: %v", sql, err)
	}
	if g.c.Broken() {
		g.c.Close()
		g.open()
	}
	g.watch(sql)
}

// watch checks that all is as it was: the files of the directory, the daemon's
// tables with what is attached to them, the databases, and every setting.
func (g *gateFuzz) watch(sql string) {
	g.t.Helper()
	if got := g.look(); got != g.want {
		g.t.Fatalf("%q changed\n%s\nto\n%s", sql, g.want, got)
	}
}

const ownWant = "1 7 e 1 r"

// own returns the content of the daemon's tables.
func own(c *Conn) (s string, err error) {
	err = c.Query(func(r Row) error { s = r.Text(0); return nil },
		`SELECT group_concat(concat_ws(' ', s.id, rev, epoch, seq, r.id)) FROM _skylinedb_state s, _skylinedb_requests r`)
	return s, err
}

// ownSchema finds what belongs to the daemon's tables, by name or by table.
const ownSchema = `SELECT group_concat(concat_ws(' ', type, name, tbl_name, sql), ';') FROM
	(SELECT * FROM sqlite_schema WHERE name LIKE '%\_skylinedb\_%' ESCAPE '\' OR tbl_name LIKE '\_skylinedb\_%' ESCAPE '\' ORDER BY name)`

// settings are the PRAGMAs that tell a setting of the connection or the file.
var settings = []string{
	"journal_mode", "synchronous", "foreign_keys", "trusted_schema", "writable_schema", "query_only", "locking_mode", "temp_store",
	"cell_size_check", "recursive_triggers", "ignore_check_constraints", "defer_foreign_keys", "journal_size_limit", "cache_size", "cache_spill",
	"mmap_size", "secure_delete", "automatic_index", "legacy_alter_table", "reverse_unordered_selects", "read_uncommitted", "max_page_count",
	"page_size", "auto_vacuum", "encoding", "wal_autocheckpoint", "busy_timeout", "analysis_limit", "soft_heap_limit", "hard_heap_limit",
	"checkpoint_fullfsync", "fullfsync", "threads",
}

func (g *gateFuzz) look() string {
	t, c := g.t, g.c
	t.Helper()
	var b strings.Builder
	entries, err := os.ReadDir(filepath.Dir(g.file))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); name != "a.db-wal" && name != "a.db-shm" {
			fmt.Fprintf(&b, "%s ", name)
		}
	}
	tables, err := own(c)
	fmt.Fprintln(&b, tables, err)
	for _, sql := range []string{
		ownSchema, `SELECT group_concat(name) FROM pragma_database_list WHERE name <> 'temp'`, `SELECT count(*) FROM sqlite_temp_schema`,
		`SELECT concat('a' LIKE 'A', 'a' GLOB 'A', 'a' = 'A', NULL IS NULL)`,
	} {
		fmt.Fprintln(&b, text(t, c, sql))
	}
	for _, name := range settings {
		fmt.Fprintf(&b, "%s %s ", name, text(t, c, `PRAGMA `+name))
	}
	for _, op := range []sqlite3.DBConfig{sqlite3.DBCONFIG_DEFENSIVE, sqlite3.DBCONFIG_TRUSTED_SCHEMA, sqlite3.DBCONFIG_WRITABLE_SCHEMA} {
		on, err := c.db.Config(op)
		fmt.Fprint(&b, on, err, " ")
	}
	for id := sqlite3.LIMIT_LENGTH; id <= sqlite3.LIMIT_TRIGGER_STEPS; id++ {
		fmt.Fprint(&b, c.db.Limit(id, -1), " ")
	}
	return b.String()
}

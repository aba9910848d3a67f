package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

// tempFile returns the path of a database that does not exist yet, without
// links, as Open wants it.
func tempFile(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "a.db")
}

// openTest opens a database in WAL mode with one table t(a).
func openTest(t testing.TB) (*Conn, string) {
	t.Helper()
	file := tempFile(t)
	c := openFile(t, file, Options{Create: true, ForeignKeys: true})
	if err := c.EnableWAL(t.Context()); err != nil {
		t.Fatal(err)
	}
	exec(t, c, `CREATE TABLE t(a)`)
	return c, file
}

func openFile(t testing.TB, file string, o Options) *Conn {
	t.Helper()
	c, err := Open(file, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func exec(t testing.TB, c *Conn, sql string) {
	t.Helper()
	if err := c.Exec(sql); err != nil {
		t.Fatal(err)
	}
}

// text returns the first column of the first row.
func text(t testing.TB, c *Conn, sql string) (s string) {
	t.Helper()
	if err := c.Query(func(r Row) error { s = r.Text(0); return nil }, sql); err != nil {
		t.Fatal(err)
	}
	return s
}

// hold begins a read on another connection, which stands for another process,
// and returns a function that ends it.
func hold(t testing.TB, other *Conn) (release func()) {
	t.Helper()
	exec(t, other, `BEGIN`)
	text(t, other, `SELECT count(*) FROM sqlite_schema`)
	return func() { exec(t, other, `COMMIT`) }
}

func TestOlderThan(t *testing.T) {
	tests := []struct {
		v, than string
		want    bool
	}{
		{"3.51.2", "3.51.3", true},
		{"3.51.3", "3.51.3", false},
		{"3.51", "3.51.3", true},
		{"3.9.0", "3.51.3", true},
		{"3.54.1", "3.51.3", false},
		{"4.0", "3.51.3", false},
	}
	for _, tt := range tests {
		if got := olderThan(tt.v, tt.than); got != tt.want {
			t.Errorf("olderThan(%q, %q) = %v, want %v", tt.v, tt.than, got, tt.want)
		}
	}
	if err := CheckVersion(); err != nil {
		t.Error(err)
	}
}

func TestOpenErrors(t *testing.T) {
	garbage := tempFile(t)
	if err := os.WriteFile(garbage, []byte(strings.Repeat("no database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(tempFile(t), Options{}); wire.ErrorCode(err) != wire.CodeIOError {
		t.Errorf("open of a missing file = %v, want %s", err, wire.CodeIOError)
	}
	if _, err := Open(garbage, Options{}); wire.ErrorCode(err) != wire.CodeNotADatabase {
		t.Errorf("open of garbage = %v, want %s", err, wire.CodeNotADatabase)
	}
}

// What a pragma was set to has to be asked of SQLite: some take effect when
// they are compiled, and the engine's statements are compiled once.
func TestSetSynchronousTakesEffectEachTime(t *testing.T) {
	c, _ := openTest(t)
	for _, level := range []Synchronous{SyncFull, SyncNormal, SyncFull, SyncNormal, SyncFull} {
		if err := c.SetSynchronous(level); err != nil {
			t.Fatal(err)
		}
		want := map[Synchronous]string{SyncNormal: "1", SyncFull: "2"}[level]
		if got := text(t, c, `PRAGMA synchronous`); got != want {
			t.Errorf("after SetSynchronous(%s) the pragma is %s, want %s", level, got, want)
		}
	}
}

func TestSettings(t *testing.T) {
	c, _ := openTest(t)
	for pragma, want := range map[string]string{
		"temp_store": "1", "mmap_size": "0", "cell_size_check": "1", "foreign_keys": "1", "trusted_schema": "0",
		"locking_mode": "normal", "journal_mode": "wal", "wal_autocheckpoint": "0",
	} {
		got := text(t, c, "PRAGMA "+pragma)
		if pragma == "mmap_size" && runtime.GOOS == "windows" && got == "" { // SQLite maps no database there
			continue
		}
		if got != want {
			t.Errorf("PRAGMA %s = %q, want %q", pragma, got, want)
		}
	}
}

// A large index sorts outside of the sandbox, or it would not fit.
func TestSortLargerThanTheSandbox(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 300 MB")
	}
	c, _ := openTest(t)
	run := func(sql string) {
		t.Helper()
		if _, err := c.Run(t.Context(), wire.Stmt{SQL: sql}, RunOptions{Writable: true}); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 300)
		INSERT INTO t SELECT zeroblob(1000000) FROM n`)
	run(`UPDATE t SET a = a || rowid`)
	if err := c.Vacuum(t.Context(), `VACUUM`, wire.Params{}); err != nil {
		t.Fatalf("VACUUM: %v", err)
	}
}

func TestForeignWrite(t *testing.T) {
	c, file := openTest(t)
	begin := func() bool {
		t.Helper()
		if err := c.Begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		return c.ForeignWrite()
	}
	if !begin() {
		t.Error("the first transaction knows nothing of what was before")
	}
	exec(t, c, `INSERT INTO t VALUES(1)`)
	if err := c.Commit(); err != nil {
		t.Fatal(err)
	}
	if begin() {
		t.Error("after a commit of its own: a foreign write")
	}
	exec(t, c, `INSERT INTO t VALUES(2)`)
	if err := c.Rollback(); err != nil {
		t.Fatal(err)
	}
	if begin() {
		t.Error("after a rollback of its own: a foreign write")
	}
	if err := c.Rollback(); err != nil {
		t.Fatal(err)
	}
	exec(t, openFile(t, file, Options{}), `INSERT INTO t VALUES(3)`)
	if !begin() {
		t.Error("after a write of another process: no foreign write")
	}
}

func TestBeginWaitsForTheLock(t *testing.T) {
	c, file := openTest(t)
	other := openFile(t, file, Options{})
	exec(t, other, `BEGIN IMMEDIATE`)
	ctx, cancel := contextDone(t)
	cancel()
	if err := c.Begin(ctx); !errors.Is(err, ErrBusy) && !errors.Is(err, ErrInterrupted) {
		t.Errorf("Begin with a context that is done = %v, want ErrBusy or ErrInterrupted", err)
	}
	exec(t, other, `COMMIT`)
	if err := c.Begin(t.Context()); err != nil || !c.InTx() {
		t.Errorf("Begin after the lock was let go = %v, in a transaction: %v", err, c.InTx())
	}
}

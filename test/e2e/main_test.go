package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

func TestMain(m *testing.M) {
	harness.Main(m, map[string]harness.Role{"writer": writer, "mute": mute, "stranger": stranger})
}

// The usual table, and a row of it.
const createT = `CREATE TABLE t(client INTEGER, n INTEGER)`

func insertT(client, n int) string { return fmt.Sprintf(`INSERT INTO t VALUES(%d, %d)`, client, n) }

// withT starts a daemon, and returns a connection on which the usual table was
// made in each of the databases.
func withT(t *testing.T, cfg harness.Config, dbs ...string) (*harness.Daemon, *harness.Conn) {
	t.Helper()
	d := harness.Start(t, cfg)
	c := d.Dial()
	for _, db := range dbs {
		c.OK(harness.Batch(db, createT))
	}
	return d, c
}

// count returns the number of rows in t, as a reader of another process sees it.
func count(t *testing.T, d *harness.Daemon, db string) int {
	t.Helper()
	reader := harness.Open(t, d.File(db), "ro")
	defer reader.Close()
	return int(reader.Int(`SELECT count(*) FROM t`))
}

func wantCount(t *testing.T, d *harness.Daemon, db string, want int) {
	t.Helper()
	if got := count(t, d, db); got != want {
		t.Errorf("%s has %d rows, want %d", db, got, want)
	}
}

// wantState checks what Ping says of a database.
func wantState(t *testing.T, c *harness.Conn, db, want string) {
	t.Helper()
	if got := c.OK(harness.Command(wire.TypePing, db)).State; got != want {
		t.Errorf("%s is %q, want %q", db, got, want)
	}
}

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return err == nil
}

func wantGone(t *testing.T, path string) {
	t.Helper()
	if exists(t, path) {
		t.Errorf("%s is still there", path)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func mkdir(t *testing.T, elements ...string) string {
	t.Helper()
	path := filepath.Join(elements...)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// patient returns a context for calls of the Go client.
func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	t.Cleanup(cancel)
	return ctx
}

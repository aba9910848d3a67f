package compat

import (
	"context"
	"database/sql"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/driver"
	_ "github.com/skylinedb/skylinedb/internal/daemon" // which the tests build: so this module knows what it needs
	"github.com/skylinedb/skylinedb/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m, nil) }

// source starts a daemon and returns the name of a database of it.
func source(t *testing.T) string {
	t.Helper()
	d := harness.Start(t, harness.Config{})
	return "app.db?" + url.Values{"dir": {d.Dir}, "socket": {d.Socket}, "autostart": {"0"}}.Encode()
}

// open opens a new database.
func open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver.Name, source(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

func bg(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), harness.Patience)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("(-want +got)\n%s", d)
	}
}

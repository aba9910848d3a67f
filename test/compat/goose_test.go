package compat

import (
	"embed"
	"io/fs"
	"testing"

	"github.com/pressly/goose/v3"
)

//go:embed testdata/migrations/*.sql
var migrations embed.FS

// Migrations go up, down and up again, step by step, those without a
// transaction included.
func TestGoose(t *testing.T) {
	db := open(t)
	dir, err := fs.Sub(migrations, "testdata/migrations")
	must(t, err)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
	must(t, err)
	tables := func() (n int) {
		must(t, db.QueryRow(`SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('authors', 'books', 'audit')`).Scan(&n))
		return n
	}
	for range 2 {
		results, err := p.Up(bg(t))
		must(t, err)
		equal(t, len(results), 3)
		equal(t, tables(), 3)
		version, err := p.GetDBVersion(bg(t))
		must(t, err)
		equal(t, version, int64(3))
		var logged int
		must(t, db.QueryRow(`SELECT count(*) FROM audit`).Scan(&logged))
		equal(t, logged, 1) // by the trigger
		_, err = p.Down(bg(t))
		must(t, err)
		equal(t, tables(), 2)
		_, err = p.DownTo(bg(t), 0)
		must(t, err)
		equal(t, tables(), 0)
	}
}

// A migration that fails leaves nothing, and the version before it.
func TestGooseFailure(t *testing.T) {
	db := open(t)
	dir, err := fs.Sub(migrations, "testdata/migrations")
	must(t, err)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
	must(t, err)
	_, err = p.UpTo(bg(t), 1)
	must(t, err)
	_, err = db.Exec(`CREATE TABLE books(clash)`)
	must(t, err)
	if _, err := p.Up(bg(t)); err == nil {
		t.Fatal("a table that exists is no error")
	}
	version, err := p.GetDBVersion(bg(t))
	must(t, err)
	equal(t, version, int64(1))
	_, err = db.Exec(`DROP TABLE books`)
	must(t, err)
	_, err = p.Up(bg(t))
	must(t, err)
}

// The older interface of goose.
func TestGooseGlobal(t *testing.T) {
	db := open(t)
	goose.SetBaseFS(migrations)
	goose.SetLogger(goose.NopLogger())
	must(t, goose.SetDialect("sqlite3"))
	must(t, goose.Up(db, "testdata/migrations"))
	must(t, goose.Status(db, "testdata/migrations"))
	must(t, goose.Redo(db, "testdata/migrations"))
	must(t, goose.Reset(db, "testdata/migrations"))
}

package compat

import (
	"database/sql"
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/skylinedb/skylinedb/test/compat/sqlcgen"
)

// The code that sqlc generated from testdata, on the tables of the migrations,
// by the pool, by prepared statements and in a transaction.
func TestSqlc(t *testing.T) {
	db := open(t)
	dir, err := fs.Sub(migrations, "testdata/migrations")
	must(t, err)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
	must(t, err)
	_, err = p.Up(bg(t))
	must(t, err)
	prepared, err := sqlcgen.Prepare(bg(t), db)
	must(t, err)
	defer prepared.Close()
	tx, err := db.Begin()
	must(t, err)
	useSqlc(t, prepared.WithTx(tx))
	must(t, tx.Rollback())
	useSqlc(t, sqlcgen.New(db))
	_, err = db.Exec(`DELETE FROM authors WHERE name <> 'Ada; the first'`)
	must(t, err)
	useSqlc(t, prepared)
}

// useSqlc writes and reads an author beside the one of the migrations.
func useSqlc(t *testing.T, q sqlcgen.Querier) {
	t.Helper()
	ctx := bg(t)
	born := sql.NullTime{Time: time.Date(1906, 12, 9, 0, 0, 0, 0, time.UTC), Valid: true}
	grace, err := q.CreateAuthor(ctx, sqlcgen.CreateAuthorParams{Name: "Grace", Born: born})
	must(t, err)
	equal(t, []any{grace.Name, grace.Born, grace.Books}, []any{"Grace", born, int64(0)})
	book, err := q.CreateBook(ctx, sqlcgen.CreateBookParams{AuthorID: grace.ID, Title: "Compilers"})
	must(t, err)
	n, err := q.RenameAuthor(ctx, sqlcgen.RenameAuthorParams{ID: grace.ID, Name: "Hopper"})
	must(t, err)
	equal(t, n, int64(1))
	grace, err = q.GetAuthor(ctx, grace.ID)
	must(t, err)
	equal(t, []any{grace.Name, grace.Books}, []any{"Hopper", int64(1)}) // the trigger has counted
	list, err := q.ListAuthors(ctx, sqlcgen.ListAuthorsParams{Max: 1, Skip: 1})
	must(t, err)
	equal(t, list, []sqlcgen.Author{grace})
	named, err := q.AuthorsNamed(ctx, []string{"Hopper", "Ada; the first", "nobody"})
	must(t, err)
	equal(t, len(named), 2)
	of, err := q.BooksOf(ctx, grace.ID)
	must(t, err)
	equal(t, of, []sqlcgen.BooksOfRow{{Author: grace, Book: sqlcgen.Book{ID: book, AuthorID: grace.ID, Title: "Compilers"}}})
	must(t, q.DeleteBooks(ctx, grace.ID))
	per, err := q.BooksPerAuthor(ctx)
	must(t, err)
	equal(t, per, []sqlcgen.BooksPerAuthorRow{{Name: "Ada; the first", N: 1, LastTitle: "Notes"}, {Name: "Hopper"}})
	if _, err := q.GetAuthor(ctx, 999); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("nobody: %v", err)
	}
}

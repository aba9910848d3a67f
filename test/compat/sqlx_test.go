package compat

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
)

type person struct {
	ID    int64          `db:"id"`
	Name  string         `db:"name"`
	Email sql.NullString `db:"email"`
	Born  time.Time      `db:"born"`
}

// sqlx with the bindings that it uses for SQLite.
func TestSqlx(t *testing.T) {
	db := sqlx.NewDb(open(t), "sqlite3")
	db.MustExec(`
		CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, email TEXT, born DATETIME);
		CREATE INDEX person_by_name ON person (name);`)
	born := time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC)
	_, err := db.NamedExec(`INSERT INTO person (name, email, born) VALUES (:name, :email, :born)`, []person{
		{Name: "Ada", Email: sql.NullString{String: "ada@example.com", Valid: true}, Born: born}, {Name: "Charles", Born: born},
	})
	must(t, err)
	var all []person
	must(t, db.Select(&all, `SELECT * FROM person ORDER BY id`))
	equal(t, all, []person{{1, "Ada", sql.NullString{String: "ada@example.com", Valid: true}, born}, {2, "Charles", sql.NullString{}, born}})
	var one person
	must(t, db.Get(&one, `SELECT * FROM person WHERE name = $1`, "Charles"))
	equal(t, one.ID, int64(2))
	if err := db.Get(&one, `SELECT * FROM person WHERE name = ?`, "nobody"); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("got %v", err)
	}
	query, args, err := sqlx.In(`SELECT name FROM person WHERE id IN (?)`, []int{1, 2})
	must(t, err)
	var names []string
	must(t, db.Select(&names, db.Rebind(query), args...))
	equal(t, names, []string{"Ada", "Charles"})

	tx := db.MustBegin()
	named, err := tx.PrepareNamed(`UPDATE person SET name = :new WHERE name = :old RETURNING id`)
	must(t, err)
	var id int64
	must(t, named.Get(&id, map[string]any{"old": "Ada", "new": "Augusta"}))
	equal(t, id, int64(1))
	rows, err := tx.Queryx(`SELECT * FROM person`)
	must(t, err)
	for rows.Next() {
		m := map[string]any{}
		must(t, rows.MapScan(m))
		tx.MustExec(`UPDATE person SET email = ? WHERE id = ?`, m["name"].(string)+"@example.com", m["id"])
	}
	must(t, rows.Err())
	must(t, tx.Commit())
	must(t, db.Select(&names, `SELECT email FROM person ORDER BY id`))
	equal(t, names, []string{"Augusta@example.com", "Charles@example.com"})
}

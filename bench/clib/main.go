// Command clib is a writer process of the benchmark that writes to the file
// itself with SQLite's C library. It is a module of its own, so that the
// product stays free of cgo.
package main

import (
	"context"
	"database/sql"
	"errors"
	"os"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

	"github.com/skylinedb/skylinedb/bench/internal/load"
)

func main() {
	os.Exit(load.Serve(os.Args[len(os.Args)-1], open))
}

// writer writes as the writers of the benchmark do that have the other
// library: WAL, BEGIN IMMEDIATE, a busy time-out of 5 s, prepared statements.
type writer struct {
	db                    *sql.DB
	conn                  *sql.Conn
	begin, insert, commit *sql.Stmt
	job                   load.Job
	text                  string
}

var background = context.Background()

func open(job load.Job) (load.Writer, error) {
	db, err := sql.Open("sqlite3", "file:"+job.File+"?_busy_timeout=5000&_journal_mode=WAL&_synchronous="+job.Sync)
	if err != nil {
		return nil, err
	}
	w := &writer{db: db, job: job, text: job.RowText()}
	if w.conn, err = db.Conn(background); err != nil {
		return nil, err
	}
	for _, s := range []struct {
		sql  string
		stmt **sql.Stmt
	}{{`BEGIN IMMEDIATE`, &w.begin}, {load.InsertRow, &w.insert}, {`COMMIT`, &w.commit}} {
		if *s.stmt, err = w.conn.PrepareContext(background, s.sql); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Write implements [load.Writer].
func (w *writer) Write() error {
	if _, err := w.begin.Exec(); err != nil {
		return err
	}
	err := w.rows()
	if err == nil {
		_, err = w.commit.Exec()
	}
	if err != nil {
		_, rollback := w.conn.ExecContext(background, `ROLLBACK`)
		err = errors.Join(err, rollback)
	}
	return err
}

func (w *writer) rows() error {
	for range w.job.Rows() {
		if _, err := w.insert.Exec(w.job.ID, w.text); err != nil {
			return err
		}
	}
	return nil
}

// Close implements [load.Writer].
func (w *writer) Close() error {
	return errors.Join(w.begin.Close(), w.insert.Close(), w.commit.Close(), w.conn.Close(), w.db.Close())
}

package main

import (
	"errors"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/bench/internal/load"
)

// directWriter writes to the file itself, as the documents of SQLite advise
// processes that share one: WAL, BEGIN IMMEDIATE, a busy time-out of 5 s.
type directWriter struct {
	db                    *sqlite3.Conn
	begin, insert, commit *sqlite3.Stmt
	rows                  int
}

// createFile makes the database that direct writers share.
func createFile(file string) error {
	db, err := sqlite3.Open(file)
	if err != nil {
		return err
	}
	return errors.Join(db.Exec(`PRAGMA journal_mode=WAL; `+load.CreateTable), db.Close())
}

func newDirectWriter(job load.Job) (*directWriter, error) {
	db, err := sqlite3.Open(job.File)
	if err != nil {
		return nil, err
	}
	w := &directWriter{db: db, rows: job.Rows()}
	if err := w.prepare(job); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *directWriter) prepare(job load.Job) error {
	err := w.db.Exec(`PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=` + job.Sync)
	if err != nil {
		return err
	}
	for _, s := range []struct {
		sql  string
		stmt **sqlite3.Stmt
	}{{`BEGIN IMMEDIATE`, &w.begin}, {load.InsertRow, &w.insert}, {`COMMIT`, &w.commit}} {
		if *s.stmt, _, err = w.db.Prepare(s.sql); err != nil {
			return err
		}
	}
	return errors.Join(w.insert.BindInt(1, job.ID), w.insert.BindText(2, job.RowText()))
}

// Write implements [load.Writer].
func (w *directWriter) Write() error {
	if err := w.begin.Exec(); err != nil {
		return err
	}
	err := w.insertRows()
	if err == nil {
		err = w.commit.Exec()
	}
	if err != nil {
		err = errors.Join(err, w.db.Exec(`ROLLBACK`))
	}
	return err
}

func (w *directWriter) insertRows() error {
	for range w.rows {
		if err := w.insert.Exec(); err != nil {
			return err
		}
	}
	return nil
}

// Close implements [load.Writer].
func (w *directWriter) Close() error {
	return errors.Join(w.begin.Close(), w.insert.Close(), w.commit.Close(), w.db.Close())
}

// directOnce opens the file for each batch, and closes it.
type directOnce struct{ job load.Job }

// Write implements [load.Writer].
func (o *directOnce) Write() error {
	w, err := newDirectWriter(o.job)
	if err != nil {
		return err
	}
	return errors.Join(w.Write(), w.Close())
}

// Close implements [load.Writer].
func (o *directOnce) Close() error { return nil }

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

const (
	// A request has as many rows as fit either bound.
	chunkBytes = 1 << 20
	chunkRows  = 10_000
)

// loader inserts records into a table, many with one request.
type loader struct {
	rows   recordReader
	table  string
	create bool
	bytes  int // about what a request may have

	sql      string // of the last record
	columns  []string
	width    int
	first    []string // the columns of the first record, c1, c2, … without names
	ahead    *loadRow // a row that did not fit the last chunk
	done     int64
	progress progress
}

// loadRow is a statement with its parameters, and the line they come from.
type loadRow struct {
	sql    string
	values []wire.Value
	line   int
	made   bool // the statement makes the table and has no parameters
}

// load imports everything: in one transaction, or, where batch is not 0, in
// several of at most so many rows.
func (l *loader) load(ctx context.Context, c *client.Client, db string, batch int) (*wire.Reply, error) {
	if batch > 0 {
		return l.inBatches(ctx, c, db, batch)
	}
	// The first rows are read before others are held up for them.
	first, err := l.chunk(chunkRows)
	if err != nil {
		return nil, l.failed(err, false)
	}
	tx, err := c.Begin(ctx, client.BeginOptions{DB: db, Idle: txIdle, Lease: txLease})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) // after Commit it does nothing
	if err := l.all(ctx, tx, first); err != nil {
		return nil, l.failed(err, false)
	}
	done, err := tx.Commit(ctx)
	if err != nil {
		return nil, err
	}
	return loaded(l.done, done.Rev, done.Epoch), nil
}

func loaded(rows, rev int64, epoch string) *wire.Reply {
	r := wire.OK()
	r.RowsAffected, r.Rev, r.Epoch = &rows, &rev, &epoch
	return r
}

// within imports everything as a part of tx, or leaves that as it was.
func (l *loader) within(ctx context.Context, tx *client.Tx) error {
	const name = "skylinedb_import"
	if _, err := tx.Exec(ctx, client.SQL("SAVEPOINT "+name)); err != nil {
		return err
	}
	first, err := l.chunk(chunkRows)
	if err == nil {
		err = l.all(ctx, tx, first)
	}
	if err != nil {
		_, undo := tx.Exec(ctx, client.SQL("ROLLBACK TO "+name))
		err = errors.Join(l.failed(err, false), undo)
	}
	_, end := tx.Exec(ctx, client.SQL("RELEASE "+name))
	if err == nil {
		err = end
	}
	return err
}

// all executes the first chunk and those that follow it in tx.
func (l *loader) all(ctx context.Context, tx *client.Tx, chunk []loadRow) (err error) {
	for len(chunk) > 0 {
		if _, err := tx.ExecBatch(ctx, client.Batch{Stmts: stmts(chunk)}); err != nil {
			return blame(chunk, err)
		}
		l.count(chunk)
		if chunk, err = l.chunk(chunkRows); err != nil {
			return err
		}
	}
	return nil
}

// inBatches imports in transactions of at most batch rows.
func (l *loader) inBatches(ctx context.Context, c *client.Client, db string, batch int) (*wire.Reply, error) {
	var last client.Result
	for {
		chunk, err := l.chunk(batch)
		if err != nil {
			return nil, l.failed(err, true)
		}
		if len(chunk) == 0 {
			return l.inBatchesDone(ctx, c, db, last)
		}
		if last, err = c.ExecBatch(ctx, client.Batch{DB: db, Stmts: stmts(chunk)}); err != nil {
			return nil, l.failed(blame(chunk, err), true)
		}
		l.count(chunk)
	}
}

// inBatchesDone tells the rev, also where there was nothing to import.
func (l *loader) inBatchesDone(ctx context.Context, c *client.Client, db string, last client.Result) (*wire.Reply, error) {
	if last.Rev > 0 {
		return loaded(l.done, last.Rev, last.Epoch), nil
	}
	known, err := c.PingDB(ctx, db)
	return loaded(l.done, known.Rev, known.Epoch), err
}

func (l *loader) count(chunk []loadRow) {
	for _, row := range chunk {
		if !row.made {
			l.done++
		}
	}
	l.progress.tell(l.done)
}

// chunk reads records until there are enough for a request. It has none after
// the last.
func (l *loader) chunk(rows int) (chunk []loadRow, err error) {
	size := 0
	for len(chunk) < rows {
		row := l.ahead
		l.ahead = nil
		if row == nil {
			rec, err := l.rows.read()
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, err
			}
			row = &loadRow{sql: l.statement(rec), values: rec.values, line: rec.line}
		}
		n := 16
		for _, v := range row.values {
			n += 24 + len(v.Bytes) + len(v.Bytes)/2 // about what JSON makes of it
		}
		if size += n; size > l.bytes && len(chunk) > 0 {
			l.ahead = row
			break
		}
		chunk = append(chunk, *row)
	}
	return l.making(chunk), nil
}

// making puts the statement that makes the table before the first rows.
func (l *loader) making(chunk []loadRow) []loadRow {
	columns := l.first
	if csv, ok := l.rows.(*csvReader); ok && columns == nil {
		columns = csv.columns // there is a header and nothing else
	}
	if !l.create || len(columns) == 0 {
		return chunk
	}
	l.create = false
	sql := "CREATE TABLE " + quoteName(l.table) + "(" + names(columns) + ")"
	return append([]loadRow{{sql: sql, line: 1, made: true}}, chunk...)
}

// statement returns the INSERT for a record. Records of the same columns share
// it.
func (l *loader) statement(rec record) string {
	if l.sql != "" && len(rec.values) == l.width && same(rec.columns, l.columns) {
		return l.sql
	}
	if l.first == nil {
		l.first = columnsOf(rec)
	}
	l.columns, l.width = rec.columns, len(rec.values)
	into := quoteName(l.table)
	if rec.columns != nil {
		into += "(" + names(rec.columns) + ")"
	}
	l.sql = "INSERT INTO " + into + " VALUES(" + strings.TrimSuffix(strings.Repeat("?,", l.width), ",") + ")"
	return l.sql
}

func columnsOf(rec record) []string {
	columns := rec.columns
	for i := len(columns); i < len(rec.values); i++ {
		columns = append(columns, fmt.Sprintf("c%d", i+1))
	}
	return columns
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// Sizes of what is read and written in bulk.
const (
	bulkRead  = 1_000_000 // rows of one Query
	bulkWrite = 200_000   // rows of one batch with param_rows
)

const (
	createBulk = `CREATE TABLE bulk(id INTEGER PRIMARY KEY, name TEXT, score REAL)`
	fillBulk   = `WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i < ?)
	INSERT INTO bulk SELECT i, 'name of row ' || i, i * 0.5 FROM n`
	readBulk  = `SELECT id, name, score FROM bulk`
	writeBulk = `INSERT INTO bulk(name, score) VALUES(?, ?)`
)

// bulkResult is what one way to move rows in bulk took in each round.
type bulkResult struct {
	name  string
	rows  int
	times []time.Duration
}

// runBulk measures a Query of many rows and a batch of many rows, each beside
// the same in this process without the daemon.
func (a *arena) runBulk(ctx context.Context, rounds int) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	for _, sql := range []client.Stmt{client.SQL(createBulk), client.SQL(fillBulk, bulkRead)} {
		if _, err := c.Exec(ctx, "read.db", sql); err != nil {
			return err
		}
	}
	many, err := client.Many(writeBulk, func(yield func([]any) bool) {
		for i := range bulkWrite {
			if !yield([]any{fmt.Sprint("name of row ", i), float64(i) * 0.5}) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	idle := a.resident("VmRSS")
	ways := []struct {
		name string
		rows int
		run  func(round int) (time.Duration, error)
	}{
		{"read: Query through the daemon", bulkRead, func(int) (time.Duration, error) { return queryBulk(ctx, c) }},
		{"read: the file, in this process", bulkRead, func(int) (time.Duration, error) { return a.readFile() }},
		{"write: param_rows through the daemon", bulkWrite, func(n int) (time.Duration, error) { return sendBulk(ctx, c, n, many) }},
		{"write: a prepared statement, in this process", bulkWrite, func(n int) (time.Duration, error) { return a.writeFile(n) }},
	}
	results := make([]bulkResult, len(ways))
	for n := range rounds {
		for i, w := range ways {
			took, err := w.run(n)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			results[i].name, results[i].rows = w.name, w.rows
			results[i].times = append(results[i].times, took)
		}
		if n == 0 {
			fmt.Printf("the daemon's memory: %d MB idle, %d MB at the most during the first round\n\n", idle>>10, a.resident("VmHWM")>>10)
		}
	}
	reportBulk(os.Stdout, results)
	return nil
}

// queryBulk reads all rows through the daemon and looks at each value.
func queryBulk(ctx context.Context, c *client.Client) (time.Duration, error) {
	began := time.Now()
	rows, err := c.Select(ctx, "read.db", readBulk)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n, sum := 0, 0.0
	for row, err := range rows.All() {
		if err != nil {
			return 0, err
		}
		n++
		sum += float64(row[0].Int) + row[2].Float + float64(len(row[1].Bytes))
	}
	return time.Since(began), enough(n, sum)
}

func enough(n int, sum float64) error {
	if n != bulkRead || sum == 0 {
		return fmt.Errorf("%d rows were read", n)
	}
	return nil
}

// readFile reads all rows from the file.
func (a *arena) readFile() (took time.Duration, err error) {
	db, err := sqlite3.OpenFlags(filepath.Join(a.dir, "read.db"), sqlite3.OPEN_READONLY)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	st, _, err := db.Prepare(readBulk)
	if err != nil {
		return 0, err
	}
	defer st.Close()
	began := time.Now()
	n, sum := 0, 0.0
	for st.Step() {
		n++
		sum += float64(st.ColumnInt64(0)) + st.ColumnFloat(2) + float64(len(st.ColumnRawText(1)))
	}
	return time.Since(began), errors.Join(st.Err(), enough(n, sum))
}

// sendBulk writes rows in one durable batch to a new table.
func sendBulk(ctx context.Context, c *client.Client, round int, many client.Stmt) (time.Duration, error) {
	db := fmt.Sprintf("write%d.db", round)
	if _, err := c.Exec(ctx, db, client.SQL(createBulk)); err != nil {
		return 0, err
	}
	began := time.Now()
	r, err := c.ExecBatch(ctx, client.Batch{DB: db, Sync: wire.SyncFull, Stmts: []client.Stmt{many}})
	if err == nil && r.RowsAffected != bulkWrite {
		err = fmt.Errorf("%d rows were written", r.RowsAffected)
	}
	return time.Since(began), err
}

// writeFile writes rows in one durable transaction to a new file.
func (a *arena) writeFile(round int) (took time.Duration, err error) {
	db, err := sqlite3.Open(filepath.Join(a.dir, fmt.Sprintf("direct%d.db", round)))
	if err != nil {
		return 0, err
	}
	defer db.Close()
	if err := db.Exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; ` + createBulk); err != nil {
		return 0, err
	}
	st, _, err := db.Prepare(writeBulk)
	if err != nil {
		return 0, err
	}
	defer st.Close()
	began := time.Now()
	if err := db.Exec(`BEGIN IMMEDIATE`); err != nil {
		return 0, err
	}
	for i := range bulkWrite {
		if err := errors.Join(st.BindText(1, fmt.Sprint("name of row ", i)), st.BindFloat(2, float64(i)*0.5), st.Exec()); err != nil {
			return 0, err
		}
	}
	err = db.Exec(`COMMIT`)
	return time.Since(began), err
}

// reportBulk prints the ways in pairs: the first of each, and how it compares
// with the second.
func reportBulk(w io.Writer, results []bulkResult) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "contestant\trows\tmedian\trows/s\tspeed\t")
	speed := func(r bulkResult) float64 {
		slices.Sort(r.times)
		return float64(r.rows) / r.times[len(r.times)/2].Seconds()
	}
	for i, r := range results {
		beside := results[i|1]
		fmt.Fprintf(t, "%s\t%d\t%v\t%.0f\t%.2fx\t\n", r.name, r.rows,
			r.times[len(r.times)/2].Round(time.Millisecond), speed(r), speed(r)/speed(beside))
	}
	t.Flush()
}

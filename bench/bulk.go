package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

const (
	createBulk = `CREATE TABLE bulk(id INTEGER PRIMARY KEY, name TEXT, score REAL)`
	fillBulk   = `WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i < %d)
	INSERT INTO bulk SELECT i, 'name of row ' || i, i * 0.5 FROM n`
	readBulk  = `SELECT id, name, score FROM bulk`
	writeBulk = `INSERT INTO bulk(name, score) VALUES(?, ?)`
)

// The figures of what moves rows.
const (
	figRows = "rows/s"
	figTime = "time"
	figPeak = "daemon's peak memory"
)

// bulk compares a Query of many rows, and a batch of many rows, with the same
// in this process without the daemon.
func bulk(_ context.Context, a *arena) ([]contest, error) {
	const file = "the file, in this process"
	columns := []column{
		{name: figRows, unit: perSecond, spread: true}, {name: figTime, unit: inSeconds},
		{name: figPeak, unit: inBytes}, {name: "speed", ratio: figRows},
	}
	return []contest{
		{
			name: fmt.Sprintf("reading %d rows of three columns", a.sizes.bulkRead), columns: columns, beside: file,
			contestants: []contestant{{"Query through the daemon", a.queryBulk}, {file, a.readFile}},
		},
		{
			name: fmt.Sprintf("writing %d rows in one durable batch", a.sizes.bulkWrite), columns: columns, beside: file,
			contestants: []contestant{{"param_rows through the daemon", a.sendBulk}, {file, a.writeFile}},
		},
	}, nil
}

func moved(rows int, took time.Duration) figures {
	return figures{figRows: float64(rows) / took.Seconds(), figTime: took.Seconds()}
}

// moved is moved for what the daemon did.
func (d *daemon) moved(rows int, took time.Duration) figures {
	f := moved(rows, took)
	if peak, ok := memoryOf(d.cmd.Process.Pid, "status", "VmHWM"); ok {
		f[figPeak] = peak
	}
	return f
}

// queryBulk reads all rows through the daemon and looks at each value.
func (a *arena) queryBulk(ctx context.Context) (figures, error) {
	return a.withDaemon(ctx, func(d *daemon) (figures, error) {
		_, err := d.c.Exec(ctx, dbName, client.SQL(createBulk), client.SQL(fmt.Sprintf(fillBulk, a.sizes.bulkRead)))
		if err != nil {
			return nil, err
		}
		began := time.Now()
		rows, err := d.c.Select(ctx, dbName, readBulk)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		n, sum := 0, 0.0
		for row, err := range rows.All() {
			if err != nil {
				return nil, err
			}
			n++
			sum += float64(row[0].Int) + row[2].Float + float64(len(row[1].Bytes))
		}
		return d.moved(n, time.Since(began)), a.enough(n, sum)
	})
}

func (a *arena) enough(n int, sum float64) error {
	if n != a.sizes.bulkRead || sum == 0 {
		return fmt.Errorf("%d rows were read", n)
	}
	return nil
}

// readFile reads all rows from a file.
func (a *arena) readFile(context.Context) (figures, error) {
	return a.withBulkFile(func(db *sqlite3.Conn) (f figures, err error) {
		if err := db.Exec(fmt.Sprintf(fillBulk, a.sizes.bulkRead)); err != nil {
			return nil, err
		}
		st, _, err := db.Prepare(readBulk)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, st.Close()) }()
		began := time.Now()
		n, sum := 0, 0.0
		for st.Step() {
			n++
			sum += float64(st.ColumnInt64(0)) + st.ColumnFloat(2) + float64(len(st.ColumnRawText(1)))
		}
		return moved(n, time.Since(began)), errors.Join(st.Err(), a.enough(n, sum))
	})
}

// withBulkFile lets do work on a new file with an empty table.
func (a *arena) withBulkFile(do func(*sqlite3.Conn) (figures, error)) (figures, error) {
	return a.withFile(func(file string) (f figures, err error) {
		db, err := sqlite3.Open(file)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		if err := db.Exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; ` + createBulk); err != nil {
			return nil, err
		}
		return do(db)
	})
}

// sendBulk writes rows in one durable batch. They are made before the time begins.
func (a *arena) sendBulk(ctx context.Context) (figures, error) {
	return a.withDaemon(ctx, func(d *daemon) (figures, error) {
		if _, err := d.c.Exec(ctx, dbName, client.SQL(createBulk)); err != nil {
			return nil, err
		}
		many, err := client.Many(writeBulk, func(yield func([]any) bool) {
			for i := range a.sizes.bulkWrite {
				if !yield([]any{fmt.Sprint("name of row ", i), float64(i) * 0.5}) {
					return
				}
			}
		})
		if err != nil {
			return nil, err
		}
		began := time.Now()
		r, err := d.c.ExecBatch(ctx, client.Batch{DB: dbName, Sync: wire.SyncFull, Stmts: []client.Stmt{many}})
		if err == nil && r.RowsAffected != int64(a.sizes.bulkWrite) {
			err = fmt.Errorf("%d rows were written", r.RowsAffected)
		}
		return d.moved(a.sizes.bulkWrite, time.Since(began)), err
	})
}

// writeFile writes rows in one durable transaction.
func (a *arena) writeFile(context.Context) (figures, error) {
	return a.withBulkFile(func(db *sqlite3.Conn) (f figures, err error) {
		st, _, err := db.Prepare(writeBulk)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, st.Close()) }()
		began := time.Now()
		if err := db.Exec(`BEGIN IMMEDIATE`); err != nil {
			return nil, err
		}
		for i := range a.sizes.bulkWrite {
			if err := errors.Join(st.BindText(1, fmt.Sprint("name of row ", i)), st.BindFloat(2, float64(i)*0.5), st.Exec()); err != nil {
				return nil, err
			}
		}
		err = db.Exec(`COMMIT`)
		return moved(a.sizes.bulkWrite, time.Since(began)), err
	})
}

package main

import (
	"context"
	"errors"

	"github.com/skylinedb/skylinedb/bench/internal/load"
	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// goWriter writes through the Go client, which gives each batch a request_id.
type goWriter struct {
	c     *client.Client
	batch client.Batch
}

func newGoWriter(job load.Job) (*goWriter, error) {
	c, err := client.Open(client.Options{Socket: job.Socket, NoAutostart: true})
	if err != nil {
		return nil, err
	}
	if _, err := c.Ping(context.Background()); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	stmts := []client.Stmt{client.SQL(load.InsertRow, job.ID, job.RowText())}
	if job.Keep > 0 {
		stmts = append(stmts, client.SQL(load.KeepRows, job.Keep))
	}
	return &goWriter{c, client.Batch{DB: job.DB, Sync: wire.Sync(job.Sync), Stmts: stmts}}, nil
}

// Write implements [load.Writer].
func (w *goWriter) Write() error {
	_, err := w.c.ExecBatch(context.Background(), w.batch)
	return err
}

// Close implements [load.Writer].
func (w *goWriter) Close() error { return w.c.Close() }

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/skylinedb/skylinedb/bench/internal/load"
	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

const namePlain = "plain"

// growth looks for what makes a batch dearer as the daemon's world grows.
func growth(_ context.Context, a *arena) ([]contest, error) {
	w := work{batchClients, load.Job{Sync: string(wire.SyncFull)}}
	c := contest{
		name: fmt.Sprintf("synchronous=full, clients: %d", w.clients), sync: w.job.Sync, clients: w.clients,
		columns: append(latencyColumns, column{name: figErrors, unit: counted}, column{name: figCPU, unit: inSeconds, spread: true},
			column{name: "p50 to plain", ratio: figP50}, column{name: "CPU to plain", ratio: figCPU}),
		beside: namePlain,
	}
	for _, kind := range []struct {
		name string
		idle int // connections
		grow func(context.Context, *daemon) error
	}{
		{namePlain, 0, nil},
		{fmt.Sprintf("idle connections: %d", a.sizes.idleConns), a.sizes.idleConns, nil},
		{fmt.Sprintf("idle open databases: %d", a.sizes.idleDatabases), 0, func(ctx context.Context, d *daemon) error {
			_, err := d.newDatabases(ctx, a.sizes.idleDatabases)
			return err
		}},
		{"a file of " + formatBytes(float64(a.sizes.file)), 0, a.growFile},
		{fmt.Sprintf("request records in the file: %d", a.sizes.records), 0, a.growRecords},
	} {
		c.contestants = append(c.contestants, contestant{kind.name, func(ctx context.Context) (figures, error) {
			return a.grown(ctx, w, kind.idle, kind.grow)
		}})
	}
	return []contest{c}, nil
}

// grown measures a daemon whose world has grown, with idle connections or by
// what grow does to it.
func (a *arena) grown(ctx context.Context, w work, idle int, grow func(context.Context, *daemon) error) (figures, error) {
	return a.withDaemon(ctx, func(d *daemon) (f figures, err error) {
		if err := d.newDatabase(ctx, dbName); err != nil {
			return nil, err
		}
		if grow != nil {
			if err := grow(ctx, d); err != nil {
				return nil, err
			}
		}
		conns, err := a.idle(ctx, d, idle)
		defer func() { err = errors.Join(err, closeAll(conns)) }()
		if err != nil {
			return nil, err
		}
		return measureWriters(ctx, a, d, w.jobsAt(d, dbName), newBareWriter)
	})
}

// growFile fills the database with blobs. Its log is moved into the file
// before anything is measured.
func (a *arena) growFile(ctx context.Context, d *daemon) error {
	const blob, perBatch = 16 << 10, 4 << 10
	if _, err := d.c.Exec(ctx, dbName, client.SQL(`CREATE TABLE big(x BLOB)`)); err != nil {
		return err
	}
	for left := a.sizes.file / blob; left > 0; left -= perBatch {
		_, err := d.c.Exec(ctx, dbName, client.SQL(`WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i < ?)
			INSERT INTO big SELECT zeroblob(?) FROM n`, min(left, perBatch), blob))
		if err != nil {
			return err
		}
	}
	return d.emptyLog(ctx)
}

func (d *daemon) emptyLog(ctx context.Context) error {
	if _, err := d.c.PrepareForMaintenance(ctx, dbName); err != nil {
		return err
	}
	_, err := d.c.ReopenDatabase(ctx, dbName)
	return err
}

// growRecords writes batches with ids that nobody forgets.
func (a *arena) growRecords(ctx context.Context, d *daemon) (err error) {
	w, err := dialBare(d.socket, nil, replyOK)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	req := &wire.Request{
		Type: wire.TypeExecBatch, DB: dbName, HasDB: true, Sync: wire.SyncNormal,
		Stmts: []wire.Stmt{{SQL: `INSERT INTO rows(client) VALUES(1)`}},
	}
	for id := 0; id < a.sizes.records; {
		w.frame = w.frame[:0]
		n := min(inFlight, a.sizes.records-id)
		for range n {
			id++
			req.RequestID = fmt.Sprintf("bench-%08d", id)
			if w.frame, err = appendFrame(w.frame, req); err != nil {
				return err
			}
		}
		if err := w.send(n); err != nil {
			return err
		}
	}
	return d.emptyLog(ctx)
}

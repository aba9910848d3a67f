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

// world is what there is beside what is measured.
type world struct {
	name string
	idle int // connections
	grow func(context.Context, *daemon) error
}

// growth looks for what makes a batch dearer as the daemon's world grows. The
// records of requests matter to batches that have ids.
func growth(_ context.Context, a *arena) ([]contest, error) {
	plain := world{name: namePlain}
	return []contest{
		growthContest(a, "", newBareWriter, []world{
			plain,
			{fmt.Sprintf("idle connections: %d", a.sizes.idleConns), a.sizes.idleConns, nil},
			{fmt.Sprintf("idle open databases: %d", a.sizes.idleDatabases), 0, func(ctx context.Context, d *daemon) error {
				_, err := d.newDatabases(ctx, a.sizes.idleDatabases)
				return err
			}},
			{"a file of " + formatBytes(float64(a.sizes.file)), 0, a.growFile},
		}),
		growthContest(a, ", batches with ids", newGoWriter, []world{
			plain,
			{fmt.Sprintf("request records in the file: %d", a.sizes.records), 0, a.growRecords},
		}),
	}, nil
}

// growthContest compares worlds, the first of which is plain.
func growthContest[W load.Writer](a *arena, what string, open func(load.Job) (W, error), worlds []world) contest {
	w := work{batchClients, load.Job{Sync: string(wire.SyncFull)}}
	c := contest{
		name: fmt.Sprintf("synchronous=full, clients: %d%s", w.clients, what), sync: w.job.Sync, clients: w.clients,
		columns: append(latencyColumns, column{name: figErrors, unit: counted}, column{name: figCPU, unit: inSeconds, spread: true},
			column{name: "p50 to plain", ratio: figP50}, column{name: "CPU to plain", ratio: figCPU}),
		beside: namePlain,
	}
	for _, world := range worlds {
		c.contestants = append(c.contestants, contestant{world.name, func(ctx context.Context) (figures, error) {
			return grown(ctx, a, w, world, open)
		}})
	}
	return c
}

// grown measures a daemon in a world.
func grown[W load.Writer](ctx context.Context, a *arena, w work, o world, open func(load.Job) (W, error)) (figures, error) {
	return a.withDaemon(ctx, func(d *daemon) (f figures, err error) {
		if err := d.newDatabase(ctx, dbName); err != nil {
			return nil, err
		}
		if o.grow != nil {
			if err := o.grow(ctx, d); err != nil {
				return nil, err
			}
		}
		conns, err := a.idle(ctx, d, o.idle)
		defer func() { err = errors.Join(err, closeAll(conns)) }()
		if err != nil {
			return nil, err
		}
		return measureWriters(ctx, a, d, w.jobsAt(d, dbName), open)
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

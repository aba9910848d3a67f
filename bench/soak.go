package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/skylinedb/skylinedb/bench/internal/load"
	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// soakClients are a third bare writers, a third writers with the Go client and
// a third readers.
const soakClients = 16

// The figures of a soak beside those of its batches.
const (
	figQueries = "queries/s"
	figMemory  = "memory"
	figFile    = "file"
	figLog     = "log"
)

var soakColumns = []column{
	{name: figBatches, unit: perSecond}, {name: figP50, unit: inSeconds}, {name: figP999, unit: inSeconds}, {name: figErrors, unit: counted},
	{name: figQueries, unit: perSecond}, {name: figMemory, unit: inBytes}, {name: figFile, unit: inBytes}, {name: figLog, unit: inBytes},
}

// soak looks for what gets worse in the course of hours: each minute has a line.
func soak(ctx context.Context, a *arena, out io.Writer) (all results, err error) {
	d, err := a.startDaemon(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close(ctx)) }()
	if err := d.newDatabase(ctx, dbName); err != nil {
		return nil, err
	}
	crowd, err := a.gather(d)
	defer func() { err = errors.Join(err, closeAll(crowd.writers), closeAll(crowd.readers)) }()
	if err != nil {
		return nil, err
	}
	each := min(a.sizes.soakLine, a.soak)
	s := series{Scenario: soakName, Contestant: "daemon", Sync: string(wire.SyncNormal), Clients: soakClients, columns: soakColumns}
	soakLine(out, "after", func(c column) string { return c.name })
	for n := range int(a.soak / each) {
		f, err := crowd.measure(ctx, d, each)
		if err = errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		soakLine(out, fmt.Sprint(time.Duration(n+1)*each), func(c column) string { return c.unit.format(f[c.name]) })
		s.rounds = append(s.rounds, f)
	}
	first, last := s.rounds[0], s.rounds[len(s.rounds)-1]
	soakLine(out, "last to first", func(c column) string {
		if first[c.name] == 0 {
			return "-"
		}
		return formatRatio(last[c.name] / first[c.name])
	})
	return results{s}, nil
}

// soakLine prints a line at once, which a table of unknown length could not.
func soakLine(out io.Writer, name string, cell func(column) string) {
	fmt.Fprintf(out, "%14s", name)
	for _, c := range soakColumns {
		fmt.Fprintf(out, "%11s", cell(c))
	}
	fmt.Fprintln(out)
}

// crowd are the clients of a soak.
type crowd struct{ writers, readers []load.Writer }

// gather connects the clients. The writers keep the table at a size, so that
// the file stays in the end as it is.
func (a *arena) gather(d *daemon) (c crowd, err error) {
	kinds := []func(load.Job) (load.Writer, error){
		func(j load.Job) (load.Writer, error) { return newBareWriter(j) },
		func(j load.Job) (load.Writer, error) { return newGoWriter(j) },
		newQuerier,
	}
	for i, job := range (work{soakClients, load.Job{Sync: string(wire.SyncNormal), Keep: a.sizes.soakRows}}).jobsAt(d, dbName) {
		one, err := kinds[i%len(kinds)](job)
		if err != nil {
			return c, err
		}
		if _, reads := one.(*querier); reads {
			c.readers = append(c.readers, one)
		} else {
			c.writers = append(c.writers, one)
		}
	}
	return c, nil
}

// measure lets the clients work for so long.
func (c crowd) measure(ctx context.Context, d *daemon, length time.Duration) (figures, error) {
	var wg sync.WaitGroup
	var reads load.Sample
	wg.Go(func() { reads = load.Together(ctx, c.readers, length) })
	f, err := d.measure(length, func() (load.Sample, error) { return load.Together(ctx, c.writers, length), nil })
	wg.Wait()
	if err != nil {
		return nil, err
	}
	complain(reads)
	f[figErrors] += float64(reads.Errors)
	f[figQueries] = float64(reads.InTime) / length.Seconds()
	f.note(figMemory, d)
	for name, suffix := range map[string]string{figFile: "", figLog: "-wal"} {
		if file, err := os.Stat(filepath.Join(d.dir, dbName+suffix)); err == nil {
			f[name] = float64(file.Size())
		}
	}
	return f, nil
}

// querier reads the last rows again and again. That it is a load.Writer lets
// it be measured as one.
type querier struct {
	c  *client.Client
	db string
}

func newQuerier(job load.Job) (load.Writer, error) {
	c, err := client.Open(client.Options{Socket: job.Socket, NoAutostart: true})
	return &querier{c, job.DB}, err
}

// Write implements [load.Writer].
func (q *querier) Write() error {
	rows, err := q.c.Select(context.Background(), q.db, `SELECT id, text FROM rows ORDER BY id DESC LIMIT 10`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for _, err := range rows.All() {
		if err != nil {
			return err
		}
	}
	return nil
}

// Close implements [load.Writer].
func (q *querier) Close() error { return q.c.Close() }

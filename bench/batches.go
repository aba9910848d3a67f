package main

import (
	"context"
	"fmt"

	"github.com/skylinedb/skylinedb/bench/internal/load"
	"github.com/skylinedb/skylinedb/wire"
)

// databases spreads the same clients over ever more databases.
func databases(_ context.Context, a *arena) ([]contest, error) {
	w := work{a.sizes.spreadClients, load.Job{Sync: string(wire.SyncFull)}}
	c := contest{
		name: fmt.Sprintf("synchronous=full, clients: %d", w.clients), sync: w.job.Sync, clients: w.clients,
		columns: writeColumns("the first line"), beside: spreadName(a.sizes.spread[0]),
	}
	for _, n := range a.sizes.spread {
		c.contestants = append(c.contestants, contestant{spreadName(n), func(ctx context.Context) (figures, error) {
			return a.withDaemon(ctx, func(d *daemon) (figures, error) {
				dbs, err := d.newDatabases(ctx, n)
				if err != nil {
					return nil, err
				}
				return measureWriters(ctx, a, d, w.jobsAt(d, dbs...), newBareWriter)
			})
		}})
	}
	return []contest{c}, nil
}

func spreadName(n int) string { return fmt.Sprintf("databases: %d", n) }

// batchClients is how many clients write batches with many statements, or
// with large values.
const batchClients = 16

// statements makes the batches longer.
func statements(_ context.Context, a *arena) ([]contest, error) {
	var all []contest
	for _, n := range a.sizes.statements {
		w := work{batchClients, load.Job{Sync: string(wire.SyncFull), Statements: n}}
		all = append(all, a.amounts(w, fmt.Sprintf("statements in a batch: %d", n), column{name: figRows, unit: perSecond, spread: true}, float64(n)))
	}
	return all, nil
}

const figVolume = "text/s"

// payloads makes the rows larger.
func payloads(_ context.Context, a *arena) ([]contest, error) {
	var all []contest
	for _, n := range a.sizes.payloads {
		w := work{batchClients, load.Job{Sync: string(wire.SyncFull), Text: n}}
		all = append(all, a.amounts(w, "a text of "+formatBytes(float64(n)), column{name: figVolume, unit: inBytes, spread: true}, float64(n)))
	}
	return all, nil
}

// amounts compares the daemon with direct writers by the amount that they
// write in a second, of which a batch has so much.
func (a *arena) amounts(w work, name string, amount column, each float64) contest {
	c := contest{
		name: fmt.Sprintf("%s, synchronous=%s, clients: %d", name, w.job.Sync, w.clients), sync: w.job.Sync, clients: w.clients,
		columns: append([]column{amount}, writeColumns("direct")...), beside: nameDirect,
		contestants: []contestant{a.bare(nameBare, w), a.direct(nameDirect, w)},
	}
	for i, one := range c.contestants {
		c.contestants[i].run = func(ctx context.Context) (figures, error) {
			f, err := one.run(ctx)
			if err == nil {
				f[amount.name] = f[figBatches] * each
			}
			return f, err
		}
	}
	return c
}

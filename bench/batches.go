package main

import (
	"context"
	"fmt"

	"github.com/skylinedb/skylinedb/bench/internal/load"
	"github.com/skylinedb/skylinedb/wire"
)

// databases spreads the same clients over ever more databases. With as many
// databases as clients nothing is left to group: each commit has its own sync.
func databases(_ context.Context, a *arena) ([]contest, error) {
	var all []contest
	for _, n := range a.sizes.spread {
		w := work{a.sizes.spreadClients, load.Job{Sync: string(wire.SyncFull)}}
		all = append(all, contest{
			name: fmt.Sprintf("databases: %d, synchronous=%s, clients: %d", n, w.job.Sync, w.clients), sync: w.job.Sync, clients: w.clients,
			columns: writeColumns("direct"), beside: nameDirect,
			contestants: []contestant{atDatabases(a, nameBare, w, n, newBareWriter), a.directIn(nameDirect, w, n)},
		})
	}
	return all, nil
}

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

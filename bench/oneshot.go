package main

import (
	"context"
	"fmt"

	"github.com/skylinedb/skylinedb/bench/internal/load"
	"github.com/skylinedb/skylinedb/wire"
)

// oneshot compares programs that come, write one row and go.
func oneshot(_ context.Context, a *arena) ([]contest, error) {
	var all []contest
	for _, n := range a.sizes.atOnce {
		w := work{n, load.Job{Sync: string(wire.SyncNormal), Anew: true}}
		all = append(all, contest{
			name: fmt.Sprintf("at once: %d, synchronous=normal", n), sync: w.job.Sync, clients: n,
			columns: writeColumns("direct"), beside: nameDirectOnce,
			contestants: []contestant{
				atDaemon(a, "daemon: connect, one batch, hang up", w, newBareOnce),
				a.direct(nameDirectOnce, w),
			},
		})
	}
	return all, nil
}

const nameDirectOnce = "direct: open the file, one row, close"

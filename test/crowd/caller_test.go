package crowd

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
)

// caller is a goroutine of a program that writes with the Go client, one batch
// after the other, to databases at random. To it a daemon that is killed is a
// pause.
type caller struct {
	t       testing.TB
	c       *client.Client
	ledgers []*ledger
	id      int
	rand    *rand.Rand
	acked   *atomic.Int64 // of all callers
}

// run writes n batches.
func (c *caller) run(n int) {
	for i := range n {
		l, r := c.ledgers[c.rand.IntN(len(c.ledgers))], row{c.id, i}
		floor := l.floor()
		ctx, cancel := context.WithTimeout(context.Background(), harness.Patience)
		result, err := c.c.Exec(ctx, l.db, client.SQL(`INSERT INTO t(client, n) VALUES(?, ?)`, r.client, r.n))
		cancel()
		if err != nil {
			l.lose(r)
			tally.Violation(c.t, tally.Other, "%s: %v failed: %v", l.db, r, err)
			return
		}
		l.acknowledge(r, floor, result.Rev, result.RowsAffected, result.LastInsertRowID)
		c.acked.Add(1)
	}
}

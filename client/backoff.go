package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff makes the pauses between tries: each about twice as long as the one
// before it, and each by chance, so that clients which failed together do not
// come back together.
type backoff struct{ next, limit time.Duration }

// duration returns the length of the next pause.
func (b *backoff) duration() time.Duration {
	d := b.next
	b.next = min(2*b.next, b.limit)
	return d/2 + rand.N(d/2+1)
}

// sleep waits for d or until ctx ends, whose error it then returns.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/bench/internal/load"
)

// maxGroup is how many batches the ceiling commits at once.
const maxGroup = 512

// ceiling is what no daemon can reach: its clients are goroutines of the
// process that writes, which hand their batches over by a channel. Whoever
// waits is committed at once with all who wait. There is no socket, no JSON,
// no savepoint, and one counter stands for all that is recorded of a group.
type ceiling struct {
	w     *directWriter
	count *sqlite3.Stmt
	queue chan *ceilingClient
}

// ceilingClient is one client, with at most one batch on its way.
type ceilingClient struct {
	c     *ceiling
	id    int
	reply chan error
}

func newCeiling(job load.Job) (*ceiling, error) {
	w, err := newDirectWriter(job)
	if err != nil {
		return nil, err
	}
	c := &ceiling{w: w, queue: make(chan *ceilingClient, maxGroup)}
	if err := w.db.Exec(`CREATE TABLE counter(rev INTEGER); INSERT INTO counter VALUES(0)`); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if c.count, _, err = w.db.Prepare(`UPDATE counter SET rev = rev + 1`); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return c, nil
}

// run commits groups until the queue is closed.
func (c *ceiling) run() {
	group := make([]*ceilingClient, 0, maxGroup)
	for first := range c.queue {
		group = append(group[:0], first)
		for more := true; more && len(group) < maxGroup; {
			select {
			case next, open := <-c.queue:
				if more = open; open {
					group = append(group, next)
				}
			default:
				more = false
			}
		}
		err := c.commit(group)
		for _, one := range group {
			one.reply <- err
		}
	}
}

func (c *ceiling) commit(group []*ceilingClient) error {
	if err := c.w.begin.Exec(); err != nil {
		return err
	}
	err := c.insert(group)
	if err == nil {
		err = c.w.commit.Exec()
	}
	if err != nil {
		err = errors.Join(err, c.w.db.Exec(`ROLLBACK`))
	}
	return err
}

func (c *ceiling) insert(group []*ceilingClient) error {
	for _, one := range group {
		if err := errors.Join(c.w.insert.BindInt(1, one.id), c.w.insert.Exec()); err != nil {
			return err
		}
	}
	return c.count.Exec()
}

// Write implements [load.Writer].
func (one *ceilingClient) Write() error {
	one.c.queue <- one
	return <-one.reply
}

// Close implements [load.Writer].
func (one *ceilingClient) Close() error { return nil }

// measureCeiling lets so many clients write for so long.
func measureCeiling(ctx context.Context, file, durability string, clients int, d time.Duration) (s load.Sample, err error) {
	c, err := newCeiling(load.Job{File: file, Sync: durability})
	if err != nil {
		return load.Sample{}, err
	}
	var wg sync.WaitGroup
	wg.Go(c.run)
	writers := make([]*ceilingClient, clients)
	for i := range writers {
		writers[i] = &ceilingClient{c, i, make(chan error, 1)}
	}
	s = load.Together(ctx, writers, d)
	close(c.queue)
	wg.Wait()
	return s, errors.Join(c.count.Close(), c.w.Close())
}

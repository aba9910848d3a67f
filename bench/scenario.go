package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
)

// scenario is one question and the comparisons that answer it.
type scenario struct {
	name, about string
	contests    func(context.Context, *arena) ([]contest, error)
	alone       func(context.Context, *arena, io.Writer) (results, error) // instead of contests
}

// soakName is the scenario that runs only where it is asked for.
const soakName = "soak"

var scenarios = []scenario{
	{"writes", "durable one-row batches, by how many clients write at once", writes, nil},
	{"pipeline", "one connection with many batches in flight beside as many connections", pipeline, nil},
	{"oneshot", "programs that come, write one row and go", oneshot, nil},
	{"cli", "one row by the program for people, from its start to its end", cli, nil},
	{"autostart", "from no daemon to the first acknowledged write", autostart, nil},
	{"databases", "the same clients, spread over more and more databases", databases, nil},
	{"statements", "longer batches", statements, nil},
	{"payloads", "larger rows", payloads, nil},
	{"memory", "resident memory of the daemon", memory, nil},
	{"growth", "what a batch costs when there is much else beside it", growth, nil},
	{"bulk", "very many rows in one Query and in one batch", bulk, nil},
	{soakName, "hours of writing and reading, with --soak", nil, soak},
}

// contest is one comparison: contestants that take turns.
type contest struct {
	name        string // tells contests of one scenario apart
	sync        string // durability, where it has one
	clients     int    // that are at work at once, where that is one number
	columns     []column
	contestants []contestant
	beside      string // the contestant that ratios compare with
	list        bool   // printed with a line for each column
	note        string // printed below the table
}

// contestant is one way to do it, which a call of run measures once.
type contestant struct {
	name string
	run  func(context.Context) (figures, error)
}

// run runs all contests of s and prints their tables.
func (s scenario) run(ctx context.Context, a *arena, out io.Writer) (results, error) {
	if s.alone != nil {
		return s.alone(ctx, a, out)
	}
	contests, err := s.contests(ctx, a)
	if err != nil {
		return nil, err
	}
	var all results
	for _, c := range contests {
		got, err := c.run(ctx, a.rounds)
		if err != nil {
			return nil, err
		}
		for i := range got {
			got[i].Scenario = s.name
		}
		c.print(out, got)
		all = append(all, got...)
	}
	return all, nil
}

// run lets the contestants take turns, so that what changes on the machine
// meanwhile meets all of them.
func (c contest) run(ctx context.Context, rounds int) (results, error) {
	all := make(results, len(c.contestants))
	for i, one := range c.contestants {
		all[i] = series{Contest: c.name, Sync: c.sync, Clients: c.clients, Contestant: one.name, columns: c.columns}
	}
	for range rounds {
		for i, one := range c.contestants {
			runtime.GC() // what the last one left is not this one's
			f, err := one.run(ctx)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", c.name, one.name, err)
			}
			all[i].rounds = append(all[i].rounds, f)
		}
	}
	return all, nil
}

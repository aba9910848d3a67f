package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/skylinedb/skylinedb/bench/internal/load"
	"github.com/skylinedb/skylinedb/wire"
)

// The figures of memory.
const (
	memIdle     = "idle, resident"
	memPss      = "idle, proportional (Pss)"
	memConn     = "per idle connection"
	memPinged   = "per idle connection that has made a request"
	memDatabase = "per open database"
	memPeak     = "peak under load"
	memSoon     = "a second after the load"
	memLater    = "ten seconds after the load"
)

const nameMemory = "daemon"

// memory measures the daemon's memory, each kind with a fresh daemon.
func memory(_ context.Context, a *arena) ([]contest, error) {
	c := contest{list: true, contestants: []contestant{{nameMemory, a.memoryOnce}}}
	for _, name := range []string{memIdle, memPss, memConn, memPinged, memDatabase, memPeak, memSoon, memLater} {
		c.columns = append(c.columns, column{name: name, unit: inBytes, spread: true})
	}
	if _, ok := memoryOf(1, "status", "VmRSS"); !ok {
		c.note = "This system does not tell the memory of processes as Linux does."
	}
	return []contest{c}, nil
}

func (a *arena) memoryOnce(ctx context.Context) (figures, error) {
	all := figures{}
	for _, measure := range []func(context.Context, *daemon, figures) error{
		a.memoryOfConnections, a.memoryOfDatabases, a.memoryOfLoad,
	} {
		_, err := a.withDaemon(ctx, func(d *daemon) (figures, error) {
			all.note(memIdle, d)
			return nil, measure(ctx, d, all)
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// note notes the resident memory of d now.
func (f figures) note(name string, d *daemon) {
	if now, ok := resident(d.cmd.Process.Pid); ok {
		f[name] = now
	}
}

// grown notes how much more memory d has than it had, for each of n things.
func (f figures) grown(name string, d *daemon, had float64, n int) {
	if now, ok := resident(d.cmd.Process.Pid); ok {
		f[name] = (now - had) / float64(n)
	}
}

// memoryOfConnections measures connections that lie idle.
func (a *arena) memoryOfConnections(ctx context.Context, d *daemon, f figures) (err error) {
	if pss, ok := memoryOf(d.cmd.Process.Pid, "smaps_rollup", "Pss"); ok {
		f[memPss] = pss
	}
	before, _ := resident(d.cmd.Process.Pid)
	conns, err := a.idle(ctx, d, a.sizes.connections)
	defer func() { err = errors.Join(err, closeAll(conns)) }()
	if err != nil {
		return err
	}
	f.grown(memConn, d, before, len(conns))
	for _, c := range conns {
		if err := c.Write(); err != nil {
			return err
		}
	}
	f.grown(memPinged, d, before, len(conns))
	return nil
}

// idle makes connections and waits until the daemon has accepted them. Write
// sends a Ping.
func (a *arena) idle(ctx context.Context, d *daemon, n int) (conns []*bareWriter, err error) {
	ping, err := appendFrame(nil, &wire.Request{Type: wire.TypePing})
	if err != nil {
		return nil, err
	}
	conns, err = openAll(jobs(n, load.Job{}), func(load.Job) (*bareWriter, error) {
		return dialBare(d.socket, ping, replyOK)
	})
	if err != nil {
		return conns, err
	}
	for {
		status, err := d.c.Status(ctx)
		if err != nil || status.Connections >= n {
			return conns, err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// memoryOfDatabases measures databases that are open and were written once.
func (a *arena) memoryOfDatabases(ctx context.Context, d *daemon, f figures) error {
	before, _ := resident(d.cmd.Process.Pid)
	if _, err := d.newDatabases(ctx, a.sizes.databases); err != nil {
		return err
	}
	f.grown(memDatabase, d, before, a.sizes.databases)
	return nil
}

// newDatabases makes databases, and returns their names.
func (d *daemon) newDatabases(ctx context.Context, n int) ([]string, error) {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%d.db", i)
		if err := d.newDatabase(ctx, names[i]); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// memoryOfLoad measures what many clients that write cost, and what is left of
// it when they have gone.
func (a *arena) memoryOfLoad(ctx context.Context, d *daemon, f figures) error {
	if err := d.newDatabase(ctx, dbName); err != nil {
		return err
	}
	loaded := *a
	loaded.length = a.sizes.loadLasts
	w := work{a.sizes.load, load.Job{Sync: string(wire.SyncNormal)}}
	if _, err := measureWriters(ctx, &loaded, d, w.jobsAt(d, dbName), newBareWriter); err != nil {
		return err
	}
	if peak, ok := memoryOf(d.cmd.Process.Pid, "status", "VmHWM"); ok {
		f[memPeak] = peak
	}
	began := time.Now()
	for i, name := range []string{memSoon, memLater} {
		select {
		case <-time.After(time.Until(began.Add(a.sizes.rests[i]))):
		case <-ctx.Done():
			return ctx.Err()
		}
		f.note(name, d)
	}
	return nil
}

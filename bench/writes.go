package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/skylinedb/skylinedb/bench/internal/load"
	"github.com/skylinedb/skylinedb/wire"
)

// The contestants of more than one scenario.
const (
	nameBare    = "daemon, bare frames"
	nameClient  = "daemon, Go client"
	nameApart   = "daemon, a process per client"
	nameDirect  = "direct, a process per client"
	nameC       = "direct, C library"
	nameCeiling = "ceiling: groups in memory"
	nameEcho    = "echo"
)

var durabilities = []wire.Sync{wire.SyncNormal, wire.SyncFull}

// work is what all clients of a measurement do.
type work struct {
	clients int
	job     load.Job
}

// writes compares all ways to write one row durably.
func writes(ctx context.Context, a *arena) ([]contest, error) {
	clib, err := a.clib(ctx)
	if err != nil {
		return nil, err
	}
	var all []contest
	for _, durability := range durabilities {
		for _, n := range a.clients {
			w := work{n, load.Job{Sync: string(durability)}}
			c := contest{
				name: writesContest(durability, n), sync: string(durability), clients: n,
				columns: writeColumns("direct"), beside: nameDirect,
				contestants: []contestant{
					a.bare(nameBare, w), atDaemon(a, nameClient, w, newGoWriter), a.apart(w), a.direct(nameDirect, w), {nameC, nil}, a.ceiling(w), a.echo(w),
				},
			}
			if clib == "" {
				c.contestants = append(c.contestants[:4], c.contestants[5:]...)
				c.note = "There is no C compiler here, so the direct writers with the C library are missing."
			} else {
				c.contestants[4] = a.directWith(nameC, []string{clib}, w, 1)
			}
			all = append(all, c)
		}
	}
	return all, nil
}

func writesContest(durability wire.Sync, clients int) string {
	return fmt.Sprintf("synchronous=%s, clients: %d", durability, clients)
}

// atDaemon are clients of a fresh daemon in this process, each with a connection.
func atDaemon[W load.Writer](a *arena, name string, w work, open func(load.Job) (W, error)) contestant {
	return atDatabases(a, name, w, 1, open)
}

// atDatabases is atDaemon for clients that are spread over n databases.
func atDatabases[W load.Writer](a *arena, name string, w work, n int, open func(load.Job) (W, error)) contestant {
	return contestant{name, func(ctx context.Context) (figures, error) {
		return a.withDaemon(ctx, func(d *daemon) (figures, error) {
			dbs, err := d.newDatabases(ctx, n)
			if err != nil {
				return nil, err
			}
			return measureWriters(ctx, a, d, w.jobsAt(d, dbs...), open)
		})
	}}
}

func (a *arena) bare(name string, w work) contestant { return atDaemon(a, name, w, newBareWriter) }

// jobsAt returns the jobs of clients of d, spread over databases.
func (w work) jobsAt(d *daemon, dbs ...string) []load.Job {
	all := jobs(w.clients, w.job)
	for i := range all {
		all[i].Socket, all[i].DB = d.socket, dbs[i%len(dbs)]
	}
	return all
}

// measureWriters opens a writer for each job, and lets them write to d at once.
func measureWriters[W load.Writer](ctx context.Context, a *arena, d *daemon, all []load.Job, open func(load.Job) (W, error)) (f figures, err error) {
	writers, err := openAll(all, open)
	defer func() { err = errors.Join(err, closeAll(writers)) }()
	if err != nil {
		return nil, err
	}
	return d.measure(a.length, func() (load.Sample, error) { return load.Together(ctx, writers, a.length), nil })
}

// apart are bare clients that are processes.
func (a *arena) apart(w work) contestant {
	return contestant{nameApart, func(ctx context.Context) (figures, error) {
		return a.withDaemon(ctx, func(d *daemon) (f figures, err error) {
			if err := d.newDatabase(ctx, dbName); err != nil {
				return nil, err
			}
			program, err := self(roleWriter)
			if err != nil {
				return nil, err
			}
			children, err := load.Start(ctx, program, w.jobsAt(d, dbName))
			defer func() { err = errors.Join(err, children.Close()) }()
			if err != nil {
				return nil, err
			}
			return d.measure(a.length, func() (load.Sample, error) { return children.Measure(a.length) })
		})
	}}
}

// direct are processes that write to the file themselves, with the library
// that the daemon has.
func (a *arena) direct(name string, w work) contestant { return a.directIn(name, w, 1) }

// directIn is direct for processes that are spread over n files.
func (a *arena) directIn(name string, w work, n int) contestant {
	program, err := self(roleWriter)
	if err != nil {
		return contestant{name, func(context.Context) (figures, error) { return nil, err }}
	}
	return a.directWith(name, program, w, n)
}

func (a *arena) directWith(name string, program []string, w work, n int) contestant {
	return contestant{name, func(ctx context.Context) (figures, error) {
		return a.withFiles(n, func(files []string) (f figures, err error) {
			all := jobs(w.clients, w.job)
			for i := range all {
				all[i].File = files[i%n]
			}
			children, err := load.Start(ctx, program, all)
			defer func() { err = errors.Join(err, children.Close()) }()
			if err != nil {
				return nil, err
			}
			s, err := children.Measure(a.length)
			if err != nil {
				return nil, err
			}
			complain(s)
			return figuresOf(s, a.length), nil
		})
	}}
}

func (a *arena) ceiling(w work) contestant {
	return contestant{nameCeiling, func(ctx context.Context) (figures, error) {
		return a.withFile(func(file string) (figures, error) {
			s, err := measureCeiling(ctx, file, w.job.Sync, w.clients, a.length)
			complain(s)
			return figuresOf(s, a.length), err
		})
	}}
}

// echo are the bare clients before a server that gives their frames back.
func (a *arena) echo(w work) contestant {
	return contestant{nameEcho, func(ctx context.Context) (f figures, err error) {
		dir, err := a.folder()
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		pid, stop, err := startEcho(ctx, socket(dir))
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, stop()) }()
		all := w.jobsAt(&daemon{socket: socket(dir)}, dbName)
		writers, err := openAll(all, newEchoWriter)
		defer func() { err = errors.Join(err, closeAll(writers)) }()
		if err != nil {
			return nil, err
		}
		return measureServer(pid, a.length, func() (load.Sample, error) { return load.Together(ctx, writers, a.length), nil })
	}}
}

// newEchoWriter is a bare client that expects its own frame.
func newEchoWriter(job load.Job) (*bareWriter, error) {
	w, err := newBareWriter(job)
	if err == nil {
		w.good = w.frame[wire.HeaderSize:]
	}
	return w, err
}

// startEcho starts the echo as a process. stop ends it.
func startEcho(ctx context.Context, socket string) (pid int, stop func() error, err error) {
	program, err := self(roleEcho)
	if err != nil {
		return 0, nil, err
	}
	cmd := exec.CommandContext(ctx, program[0], program[1], socket)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, nil, err
	}
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	stop = func() error { return errors.Join(in.Close(), cmd.Wait()) }
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return 0, nil, errors.Join(fmt.Errorf("the echo does not listen: %w", err), stop())
	}
	return cmd.Process.Pid, stop, nil
}

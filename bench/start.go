package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"time"

	"github.com/skylinedb/skylinedb/bench/internal/load"
	"github.com/skylinedb/skylinedb/client"
)

// startColumns are those of what is started again and again.
var startColumns = []column{
	{name: figP50, unit: inSeconds, spread: true}, {name: figMin, unit: inSeconds}, {name: figMax, unit: inSeconds}, {name: figErrors, unit: counted},
}

const nameAutostart = "client.Open to the first reply"

// autostart measures what the first write costs where no daemon runs.
func autostart(_ context.Context, a *arena) ([]contest, error) {
	return []contest{{
		columns: startColumns,
		contestants: []contestant{{nameAutostart, func(ctx context.Context) (figures, error) {
			return repeat(a.sizes.starts, func() (time.Duration, error) { return a.autostartOnce(ctx) })
		}}},
	}}, nil
}

// repeat does something so many times and makes figures of how long it took.
func repeat(times int, do func() (time.Duration, error)) (figures, error) {
	var s load.Sample
	for range times {
		took, err := do()
		if err != nil {
			return nil, err
		}
		s.Latencies = append(s.Latencies, took)
	}
	f := figuresOf(s, time.Second)
	delete(f, figBatches)
	f[figMin] = s.Latencies[0].Seconds() // figuresOf has sorted them
	return f, nil
}

func (a *arena) autostartOnce(ctx context.Context) (took time.Duration, err error) {
	dir, err := a.folder()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	began := time.Now()
	c, err := client.Open(client.Options{Socket: socket(dir), Dir: dir, Daemon: a.built[daemonProgram]})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.Shutdown(ctx), c.Close()) }()
	_, err = c.Exec(ctx, dbName, client.SQL(load.CreateTable), client.SQL(load.InsertRow, 1, "the first row"))
	return time.Since(began), err
}

// cli measures the program for people from its start to its end, with a daemon
// that runs.
func cli(ctx context.Context, a *arena) ([]contest, error) {
	program, err := a.program(ctx, cliProgram)
	if err != nil {
		return nil, err
	}
	insert := []string{"exec", "--no-autostart", "--db", dbName, `INSERT INTO rows(client, text) VALUES(1, 'a row')`}
	return []contest{{
		columns: append(startColumns, column{name: "p50", ratio: figP50}), beside: nameVersion,
		contestants: []contestant{a.commands("skylinedb-cli exec", program, insert...), a.commands(nameVersion, program, "--version")},
	}}, nil
}

const nameVersion = "skylinedb-cli --version, the start of a process alone"

// commands runs a command again and again beside a daemon.
func (a *arena) commands(name, program string, args ...string) contestant {
	return contestant{name, func(ctx context.Context) (figures, error) {
		return a.withDaemon(ctx, func(d *daemon) (figures, error) {
			if err := d.newDatabase(ctx, dbName); err != nil {
				return nil, err
			}
			return repeat(a.sizes.starts, func() (time.Duration, error) {
				cmd := exec.CommandContext(ctx, program, args...)
				cmd.Dir = d.dir
				cmd.Env = append(cmd.Environ(), "SKYLINEDB_SOCKET="+d.socket)
				cmd.Stderr = os.Stderr
				began := time.Now()
				err := cmd.Run()
				return time.Since(began), err
			})
		})
	}}
}

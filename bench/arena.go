package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// arena is the folder that the contestants write in, and the daemon there.
type arena struct {
	dir    string
	socket string
	daemon *exec.Cmd
	files  int // databases made so far
}

const (
	createTable = `CREATE TABLE rows(id INTEGER PRIMARY KEY, client INTEGER, text TEXT)`
	insertRow   = `INSERT INTO rows(client, text) VALUES(?, ?)`
	rowText     = "a row of about a hundred bytes, as an application's log or settings have them, and then some more"
)

// newArena builds the daemon and starts it in a temporary folder.
func newArena() (*arena, error) {
	dir, err := os.MkdirTemp("", "skylinedb-bench-")
	if err != nil {
		return nil, err
	}
	a := &arena{dir: dir, socket: filepath.Join(dir, "d.sock")}
	program := filepath.Join(dir, "skylinedb-daemon")
	build := exec.Command("go", "build", "-o", program, "github.com/skylinedb/skylinedb/cmd/skylinedb-daemon")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("build the daemon: %w", err)
	}
	a.daemon = exec.Command(program, "--socket", a.socket, "--log-level", "warn", dir)
	a.daemon.Stdout, a.daemon.Stderr = os.Stderr, os.Stderr
	if err := a.daemon.Start(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("start the daemon: %w", err)
	}
	return a, nil
}

func (a *arena) close() {
	a.daemon.Process.Signal(os.Interrupt)
	a.daemon.Wait()
	os.RemoveAll(a.dir)
}

// resident returns a figure of the daemon's memory in KiB, by its name in
// /proc/PID/status; 0 where the system has no such file.
func (a *arena) resident(name string) (kib int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.daemon.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			fmt.Sscan(rest, &kib)
		}
	}
	return kib
}

func (a *arena) open() (*client.Client, error) {
	return client.Open(client.Options{Socket: a.socket, NoAutostart: true})
}

// newDatabase makes the next database, through the daemon, and returns its name.
func (a *arena) newDatabase(ctx context.Context) (string, error) {
	c, err := a.open()
	if err != nil {
		return "", err
	}
	defer c.Close()
	a.files++
	name := fmt.Sprintf("%d.db", a.files)
	_, err = c.Exec(ctx, name, client.SQL(createTable))
	return name, err
}

// throughDaemon measures clients of the daemon that share this process, each
// with a connection of its own.
func (a *arena) throughDaemon(ctx context.Context, clients int, d time.Duration) (sample, error) {
	db, err := a.newDatabase(ctx)
	if err != nil {
		return sample{}, err
	}
	writers := make([]*daemonWriter, clients)
	for i := range writers {
		if writers[i], err = newDaemonWriter(ctx, a.socket, db, i); err != nil {
			return sample{}, err
		}
		defer writers[i].close()
	}
	var wg sync.WaitGroup
	samples := make([]sample, clients)
	start := time.Now()
	for i, w := range writers {
		wg.Go(func() { samples[i] = measure(w, start.Add(d)) })
	}
	wg.Wait()
	total := sample{Elapsed: time.Since(start)}
	for _, s := range samples {
		total.merge(s)
	}
	return total, nil
}

// throughDaemonProcesses measures clients of the daemon that are processes.
func (a *arena) throughDaemonProcesses(ctx context.Context, clients int, d time.Duration) (sample, error) {
	db, err := a.newDatabase(ctx)
	if err != nil {
		return sample{}, err
	}
	return measureProcesses(ctx, clients, d, modeDaemon, a.socket, db)
}

// direct measures processes that write to the file themselves.
func (a *arena) direct(ctx context.Context, clients int, d time.Duration) (sample, error) {
	db, err := a.newDatabase(ctx)
	if err != nil {
		return sample{}, err
	}
	// The daemon lets the file go, so that it is the writers' alone.
	c, err := a.open()
	if err != nil {
		return sample{}, err
	}
	defer c.Close()
	if _, err := c.CloseDatabase(ctx, db, true); err != nil {
		return sample{}, err
	}
	return measureProcesses(ctx, clients, d, modeDirect, filepath.Join(a.dir, db), "")
}

// daemonWriter writes through the daemon.
type daemonWriter struct {
	c     *client.Client
	batch client.Batch
}

func newDaemonWriter(ctx context.Context, socket, db string, id int) (*daemonWriter, error) {
	c, err := client.Open(client.Options{Socket: socket, NoAutostart: true})
	if err != nil {
		return nil, err
	}
	if _, err := c.Ping(ctx); err != nil {
		return nil, err
	}
	return &daemonWriter{c, client.Batch{
		DB: db, Sync: wire.SyncFull, Stmts: []client.Stmt{client.SQL(insertRow, id, rowText)},
	}}, nil
}

func (w *daemonWriter) write() error {
	_, err := w.c.ExecBatch(context.Background(), w.batch)
	return err
}

func (w *daemonWriter) close() { w.c.Close() }

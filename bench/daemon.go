package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/skylinedb/skylinedb/bench/internal/load"
	"github.com/skylinedb/skylinedb/client"
)

// daemon is one that runs for one measurement, in a folder of its own.
type daemon struct {
	dir, socket string
	cmd         *exec.Cmd
	c           *client.Client // for what is not measured
}

// dbName is the database that most measurements write to.
const dbName = "rows.db"

// withDaemon lets do measure a fresh daemon.
func (a *arena) withDaemon(ctx context.Context, do func(*daemon) (figures, error)) (f figures, err error) {
	d, err := a.startDaemon(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close(ctx)) }()
	return do(d)
}

func (a *arena) startDaemon(ctx context.Context) (*daemon, error) {
	dir, err := a.folder()
	if err != nil {
		return nil, err
	}
	d := &daemon{dir: dir, socket: socket(dir)}
	d.cmd = exec.CommandContext(ctx, a.built[daemonProgram], "--socket", d.socket, "--log-level", "warn", dir)
	d.cmd.Stdout, d.cmd.Stderr = os.Stderr, os.Stderr
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the daemon: %w", err)
	}
	if d.c, err = d.client(); err == nil {
		_, err = d.c.Ping(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, d.kill())
	}
	return d, nil
}

func (d *daemon) client() (*client.Client, error) {
	return client.Open(client.Options{Socket: d.socket, NoAutostart: true})
}

func (d *daemon) kill() error {
	return errors.Join(d.cmd.Process.Kill(), d.cmd.Wait())
}

// close ends the daemon and removes its folder.
func (d *daemon) close(ctx context.Context) error {
	err := d.c.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, d.kill())
	} else {
		err = d.cmd.Wait()
	}
	return errors.Join(err, d.c.Close(), os.RemoveAll(d.dir))
}

// newDatabase makes an empty table in a new database.
func (d *daemon) newDatabase(ctx context.Context, name string) error {
	_, err := d.c.Exec(ctx, name, client.SQL(load.CreateTable))
	return err
}

// measure makes figures of what do measures for so long, and of the daemon's
// processor time meanwhile.
func (d *daemon) measure(length time.Duration, do func() (load.Sample, error)) (figures, error) {
	return measureServer(d.cmd.Process.Pid, length, do)
}

// measureServer is measure for any server process.
func measureServer(pid int, length time.Duration, do func() (load.Sample, error)) (figures, error) {
	before, known := cpuTime(pid)
	s, err := do()
	if err != nil {
		return nil, err
	}
	after, _ := cpuTime(pid)
	f := figuresOf(s, length)
	if n := len(s.Latencies); known && n > 0 {
		f[figCPU] = (after - before).Seconds() / float64(n)
	}
	complain(s)
	return f, nil
}

// complain tells why batches failed: the tables only tell how many.
func complain(s load.Sample) {
	if s.Errors > 0 {
		fmt.Fprintf(os.Stderr, "bench: %d batches failed, the first with: %s\n", s.Errors, s.FirstErr)
	}
}

// withFile lets do measure writers of a file that no daemon knows.
func (a *arena) withFile(do func(file string) (figures, error)) (f figures, err error) {
	return a.withFiles(1, func(files []string) (figures, error) { return do(files[0]) })
}

// withFiles is withFile for n files.
func (a *arena) withFiles(n int, do func(files []string) (figures, error)) (f figures, err error) {
	dir, err := a.folder()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	files := make([]string, n)
	for i := range files {
		files[i] = filepath.Join(dir, fmt.Sprintf("%d.db", i))
		if err := createFile(files[i]); err != nil {
			return nil, err
		}
	}
	return do(files)
}

// openAll opens a writer for each job. closeAll closes them, also after an error.
func openAll[W load.Writer](all []load.Job, open func(load.Job) (W, error)) ([]W, error) {
	var writers []W
	for _, job := range all {
		w, err := open(job)
		if err != nil {
			return writers, err
		}
		writers = append(writers, w)
	}
	return writers, nil
}

func closeAll[W load.Writer](writers []W) error {
	var errs []error
	for _, w := range writers {
		errs = append(errs, w.Close())
	}
	return errors.Join(errs...)
}

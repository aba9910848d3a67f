// Command quickstart shows the daemon's main job on real files, in a temporary
// folder: several processes write to one database at once, a reader reads the
// file directly, and a sync service replaces the file of one database while
// another goes on.
//
//	go run ./examples/quickstart
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/skylinedb/skylinedb/client"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var err error
	if len(os.Args) > 1 {
		err = writer(ctx, os.Args[1])
	} else {
		err = show(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "✗ Error:", err)
		os.Exit(1)
	}
}

// show runs the whole show.
func show(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "skylinedb-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	// The environment tells this process and the writers where the daemon is.
	// Without it they would share the user's own.
	os.Setenv("SKYLINEDB_SOCKET", filepath.Join(dir, "d.sock"))
	os.Setenv("SKYLINEDB_DIR", data)
	os.Setenv("SKYLINEDB_DAEMON", filepath.Join(dir, "skylinedb-daemon"))
	os.Setenv("XDG_STATE_HOME", dir) // the daemon's log
	step("Building the daemon")
	build := exec.CommandContext(ctx, "go", "build", "-o", os.Getenv("SKYLINEDB_DAEMON"), "github.com/skylinedb/skylinedb/cmd/skylinedb-daemon")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the daemon: %w", err)
	}
	c, err := client.Open(client.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	for _, part := range []func(context.Context, *client.Client, string) error{start, writeAtOnce, askAgain, replaceFile} {
		if err := part(ctx, c, data); err != nil {
			c.Shutdown(ctx) // leave no daemon behind
			return err
		}
	}
	step("Shutting the daemon down")
	if err := c.Shutdown(ctx); err != nil {
		return err
	}
	files, err := os.ReadDir(data)
	if err != nil {
		return err
	}
	for _, f := range files {
		seen("left in the folder: %s", f.Name())
	}
	fmt.Println("✓ Done")
	return nil
}

func step(what string) { fmt.Println("\n" + what) }

func seen(format string, args ...any) { fmt.Printf("  ✓ "+format+"\n", args...) }

// start makes the table. The first call finds no daemon and starts one.
func start(ctx context.Context, c *client.Client, _ string) error {
	step("First write: the client finds no daemon and starts one")
	began := time.Now()
	r, err := c.Exec(ctx, "galaxy.db", client.SQL(`CREATE TABLE stars(id INTEGER PRIMARY KEY, name TEXT, seen_by INTEGER)`))
	if err != nil {
		return err
	}
	pong, err := c.Ping(ctx)
	if err != nil {
		return err
	}
	seen("daemon %s serves %s; table made at rev %d, %v after the call", pong.Version, pong.Dir, r.Rev, time.Since(began).Round(time.Millisecond))
	return nil
}

const (
	writers = 4
	batches = 250
)

// writeAtOnce lets processes write at once, and reads the file meanwhile.
func writeAtOnce(ctx context.Context, c *client.Client, dir string) error {
	step(fmt.Sprintf("%d processes write %d batches each, at once", writers, batches))
	before, err := c.PingDB(ctx, "galaxy.db")
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	began := time.Now()
	var running []*exec.Cmd
	for i := range writers {
		cmd := exec.CommandContext(ctx, self, fmt.Sprint(i))
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Start(); err != nil {
			return err
		}
		running = append(running, cmd)
	}
	during, err := readDirectly(filepath.Join(dir, "galaxy.db"))
	if err != nil {
		return err
	}
	for _, cmd := range running {
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("a writer: %w", err)
		}
	}
	took := time.Since(began)
	after, err := readDirectly(filepath.Join(dir, "galaxy.db"))
	if err != nil {
		return err
	}
	seen("a direct read while they wrote saw %d stars at rev %d, and blocked nobody", during.stars, during.rev)
	seen("all %d batches are in the file after %v: %d stars, rev %d to %d", writers*batches, took.Round(time.Millisecond), after.stars, before.Rev, after.rev)
	if want := before.Rev + writers*batches; after.rev != want || after.stars != writers*batches {
		return fmt.Errorf("the file has %d stars at rev %d instead of %d at %d", after.stars, after.rev, writers*batches, want)
	}
	return nil
}

// writer is one of the processes.
func writer(ctx context.Context, number string) error {
	c, err := client.Open(client.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	for i := range batches {
		_, err := c.Exec(ctx, "galaxy.db", client.SQL(`INSERT INTO stars(name, seen_by) VALUES(?, ?)`, fmt.Sprintf("star %s-%d", number, i), number))
		if err != nil {
			return err
		}
	}
	return nil
}

// askAgain sends one batch twice, as a client does that lost the first reply.
func askAgain(ctx context.Context, c *client.Client, _ string) error {
	step("A batch is sent twice with one request_id")
	b := client.Batch{
		DB: "galaxy.db", RequestID: "sirius-1",
		Stmts: []client.Stmt{client.SQL(`INSERT INTO stars(name) VALUES(?)`, "Sirius")},
	}
	first, err := c.ExecBatch(ctx, b)
	if err != nil {
		return err
	}
	second, err := c.ExecBatch(ctx, b)
	if err != nil {
		return err
	}
	if !second.Replayed || second.Rev != first.Rev {
		return fmt.Errorf("the batch was executed twice, at rev %d and %d", first.Rev, second.Rev)
	}
	seen("executed once, at rev %d; the second time its recorded reply came back", first.Rev)
	return nil
}

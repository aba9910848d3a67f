package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/test/harness"
)

// writerConfig is what the role "writer" is told: to execute batches through
// the Go client, each of which adds a row to every table.
type writerConfig struct {
	Socket  string
	Dir     string
	Daemon  string // the program to start, "" for none
	DB      string
	Tables  []string
	Name    int
	Batches int
}

// writer is a process that writes. It says "ready", waits for a line, and then
// tells the rev of each of its batches.
func writer(args []string, stdin io.Reader, stdout io.Writer) error {
	var cfg writerConfig
	if err := json.Unmarshal([]byte(args[0]), &cfg); err != nil {
		return err
	}
	c, err := client.Open(client.Options{Socket: cfg.Socket, Dir: cfg.Dir, Daemon: cfg.Daemon, NoAutostart: cfg.Daemon == ""})
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Fprintln(stdout, "ready")
	if _, err := bufio.NewReader(stdin).ReadString('\n'); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), harness.Patience)
	defer cancel()
	for n := range cfg.Batches {
		var stmts []client.Stmt
		for _, table := range cfg.Tables {
			stmts = append(stmts, client.SQL("INSERT INTO "+table+" VALUES(?, ?)", cfg.Name, n))
		}
		res, err := c.Exec(ctx, cfg.DB, stmts...)
		if err != nil {
			return err
		}
		fmt.Fprintln(stdout, res.Rev)
	}
	return nil
}

// startWriters starts a number of writers that differ in their name, and
// returns when all are ready.
func startWriters(t *testing.T, n int, cfg writerConfig) []*harness.Process {
	t.Helper()
	var all []*harness.Process
	for cfg.Name = range n {
		text, err := json.Marshal(cfg)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, harness.StartRole(t, "writer", string(text)))
	}
	for _, p := range all {
		if line := p.Line(); line != "ready" {
			t.Fatalf("a writer says %q: %s", line, p.Output())
		}
	}
	return all
}

// Skylinedb-cli writes to SQLite databases through the SkylineDB daemon. Its
// help tells the commands; package internal/cli has them.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/skylinedb/skylinedb/internal/cli"
)

func main() { os.Exit(run()) }

func run() int {
	// Ctrl-C is for cli.Run: to a shell it is not the end.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)
}

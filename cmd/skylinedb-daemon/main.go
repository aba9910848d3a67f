// Command skylinedb-daemon serves the SQLite databases of a directory to the
// processes of one user. See skylinedb-daemon --help.
package main

import (
	"os"

	"github.com/skylinedb/skylinedb/internal/daemon"
)

func main() {
	os.Exit(daemon.Main(os.Args[1:], os.Stdout, os.Stderr, os.Getenv))
}

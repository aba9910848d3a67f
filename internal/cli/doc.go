// Package cli is the command line client, skylinedb-cli, as a function:
// [Run] takes arguments, streams and environment and returns the exit status.
//
// Each command has a file of its own. It makes one request, sends it through
// package client and says what came of it (output.go): sentences by default,
// with --json the daemon's reply. The exit status is 0 for a success, 1 for a
// failure and 2 for wrong usage.
//
// Commands that change a database start a daemon where none runs, as every
// client does. ping, status and shutdown are questions about the daemon that
// runs, and never start one.
package cli

// Package cli is the command line client, skylinedb-cli, as a function:
// [Run] takes arguments, streams and environment and returns the exit status.
//
// Each command has a file of its own. Most make one request, send it through
// package client and say what came of it (output.go): sentences by default,
// with --json the daemon's reply. The exit status is 0 for a success, 1 for a
// failure and 2 for wrong usage. Ctrl-C ends the context of a command (run.go),
// and in a shell that of a statement (shell.go).
//
// query prints rows, in one of the forms of format.go. None of them collects
// rows: what is read is written. shell cuts its input into statements
// (splitter.go) and executes each (shellexec.go); its lines come from a terminal
// (prompt.go) or a pipe (lineinput.go), both through input.go, which lets a read
// be called away. import reads records (csvread.go, importread.go) and inserts
// many with one request (loader.go); when one fails, it looks for the line that
// is to blame (loadblame.go). dump reads a schema (dumpschema.go) and then the
// rows of all tables with one query, because each query has a snapshot of its
// own (dumprows.go).
//
// Commands that read or change a database start a daemon where none runs, as
// every client does. ping, status and shutdown are questions about the daemon
// that runs, and never start one.
package cli

// Package daemon is the daemon as a value: it wires the instance lock, the
// directory, the router and the signals together, and main is a shell around
// it. [Command] is its command line, [Run] its life.
package daemon

// Version is the version of the daemon, as Ping and Status tell it.
const Version = "0.1.0"

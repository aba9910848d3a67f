// Package daemon is the daemon as a value: it wires the instance lock, the
// directory, the router and the signals together, and main is a shell around
// it. [Main] is its command line, [Run] its life.
package daemon

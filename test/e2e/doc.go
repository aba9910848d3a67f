// Package e2e tests the product from outside: real programs, real sockets,
// real processes that crash, hang and misbehave. There is one topic per file.
// See package harness for how programs are run and judged.
package e2e

// Package clients runs the tests of the clients in other languages, each with
// its language's own program, against the daemon of this module, and all
// clients together. A language that is not installed is skipped.
package clients

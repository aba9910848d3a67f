// Package clients runs the test suites of the clients in other languages against
// the real daemon.
package clients

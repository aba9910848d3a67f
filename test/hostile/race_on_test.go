//go:build race

package hostile

// slow divides what a test does: the race detector makes the daemon and its
// clients about ten times as slow.
const slow = 10

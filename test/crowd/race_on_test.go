//go:build race

package crowd

// slow divides the size of a crowd: the race detector makes the daemon and the
// clients about ten times as slow.
const slow = 5

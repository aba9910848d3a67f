//go:build !race

package crowd

// slow divides the size of a crowd.
const slow = 1

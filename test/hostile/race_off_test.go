//go:build !race

package hostile

// slow divides what a test does.
const slow = 1

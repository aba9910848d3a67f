//go:build race

package tally

// slowdown divides the rounds of the short form: the race detector makes each
// of them take about ten times as long.
const slowdown = 10

//go:build !race

package tally

const slowdown = 1

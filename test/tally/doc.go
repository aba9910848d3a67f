// Package tally lets a test be short in CI and long by hand, and counts what
// it tried and what it found.
//
// A machine is a test that tries to break a promise of the daemon, over and
// over, each round with a seed of its own:
//
//	for seed := range tally.Rounds(2000) {
//		...
//		tally.Add(tally.Crashes, 1)
//		...
//		tally.Violation(t, tally.Lost, "seed %d: batch %d is gone", seed, i)
//	}
//
// `go test` runs the short form, whose seeds are always the same. The program
// in torture/ runs the long form, which ends by the clock, and adds up what the
// machines report. Both are driven by the environment variables below, so a
// round that failed is repeated with TORTURE_SEED alone.
package tally

//go:build !race

package harness

// raceEnabled says that the test binary has the race detector.
const raceEnabled = false

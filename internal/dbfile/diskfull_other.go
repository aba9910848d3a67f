//go:build !linux && !darwin && !windows

package dbfile

// roomFor knows no way to ask here.
func roomFor(string) (bytes uint64, known bool) { return 0, false }

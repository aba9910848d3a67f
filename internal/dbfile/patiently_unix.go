//go:build unix

package dbfile

// patiently does it once: a file that somebody has open is in nobody's way.
func patiently(do func() error) error { return do() }

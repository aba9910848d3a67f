//go:build unix

package harness

import "path/filepath"

// socketIn returns the socket that belongs to a folder. Its name is unique in
// the run, as are the names of logs that are made of it.
func socketIn(dir string) string { return filepath.Join(dir, "s"+filepath.Base(dir)) }

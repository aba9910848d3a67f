//go:build unix

package daemon

import "path/filepath"

// absolute makes the socket independent of the current directory.
func absolute(socket string) (string, error) { return filepath.Abs(socket) }

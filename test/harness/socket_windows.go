package harness

import "path/filepath"

// socketIn returns the pipe that belongs to a folder. Its name is unique on
// the machine.
func socketIn(dir string) string {
	return `\\.\pipe\` + filepath.Base(filepath.Dir(dir)) + "-s" + filepath.Base(dir)
}

//go:build !linux && !darwin && !windows

package dbfile

// folderIgnoresCase knows no way to ask here.
func folderIgnoresCase(string) bool { return false }

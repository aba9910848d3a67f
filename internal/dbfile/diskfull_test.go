package dbfile

import (
	"path/filepath"
	"testing"
)

func TestDiskFullWithRoom(t *testing.T) {
	dir := t.TempDir()
	for _, dir := range []string{dir, filepath.Join(dir, "missing"), "a\x00b", ""} {
		if DiskFull(dir) {
			t.Errorf("DiskFull(%q) = true, want false", dir)
		}
	}
}

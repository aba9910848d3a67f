package dbfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/skylinedb/skylinedb/test/harness"
)

// mount mounts a file system in memory until the test ends, or skips the test
// where this process may not.
func mount(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	harness.Mount(t, dir, options)
	return dir
}

func TestDiskFull(t *testing.T) {
	dir := mount(t, "size=256k")
	if DiskFull(dir) {
		t.Error("DiskFull of an empty file system = true, want false")
	}
	file := filepath.Join(dir, "fill")
	if err := os.WriteFile(file, make([]byte, 1<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("writing more than fits: %v, want %v", err, unix.ENOSPC)
	}
	if !DiskFull(dir) {
		t.Error("DiskFull of a full file system = false, want true")
	}
	cut(t, file, 128<<10)
	if DiskFull(dir) {
		t.Error("DiskFull after room was made = true, want false")
	}
}

// A tmpfs of size 0 has no limit, and tells of no block.
func TestDiskFullUnlimited(t *testing.T) {
	if dir := mount(t, "size=0"); DiskFull(dir) {
		t.Error("DiskFull of a file system without a limit = true, want false")
	}
}

package harness

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// Mount mounts a file system in memory at dir, with options such as
// "size=4m", until the test ends. It skips the test where the system does not
// let this process mount, as it lets root alone.
func Mount(t testing.TB, dir, options string) {
	t.Helper()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, options)
	if errors.Is(err, unix.EPERM) {
		t.Skipf("mount a tmpfs: %v: this needs root, and in a container CAP_SYS_ADMIN", err)
	}
	if err != nil {
		t.Fatalf("mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
}

// MakeReadOnly makes the file system that is mounted at dir read-only.
func MakeReadOnly(t testing.TB, dir string) {
	t.Helper()
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatalf("remount %s read-only: %v", dir, err)
	}
}

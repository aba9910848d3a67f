//go:build unix

package oslock_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/skylinedb/skylinedb/internal/oslock"
)

func TestLockFile(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	instance, err := oslock.Instance(socket)
	mustLock(t, instance, err)
	start, err := oslock.Start(socket)
	mustLock(t, start, err)
	for _, suffix := range []string{".lock", ".start.lock"} {
		info, err := os.Lstat(socket + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode(); got != 0o600 {
			t.Errorf("%s: mode %v, want a regular file of mode 0600", suffix, got)
		}
	}
	if err := instance.Unlock(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(socket + ".lock"); err != nil {
		t.Errorf("Unlock must leave the file: %v", err)
	}
}

func TestLockRefuses(t *testing.T) {
	tests := []struct {
		name string
		make func(path string) error
		says string
	}{
		{"symbolic link", func(path string) error {
			target := path + ".target"
			if err := os.WriteFile(target, nil, 0o600); err != nil {
				return err
			}
			return os.Symlink(target, path)
		}, "is a symbolic link"},
		{"dangling symbolic link", func(path string) error { return os.Symlink(path+".none", path) }, "is a symbolic link"},
		{"folder", func(path string) error { return os.Mkdir(path, 0o700) }, "is not a regular file"},
		{"FIFO", func(path string) error { return syscall.Mkfifo(path, 0o600) }, "is not a regular file"},
		{"another user's file", func(path string) error {
			if os.Geteuid() != 0 {
				return os.ErrPermission // only root can give a file away
			}
			if err := os.WriteFile(path, nil, 0o666); err != nil {
				return err
			}
			return os.Chown(path, 65534, 65534)
		}, "belongs to user 65534"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lock")
			if err := test.make(path); errors.Is(err, os.ErrPermission) {
				t.Skip("needs root: ", err)
			} else if err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := oslock.TryLock(path); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v, want an error that says %q", err, test.says)
			}
			after, err := os.Lstat(path)
			if err != nil || !os.SameFile(before, after) || before.Mode() != after.Mode() {
				t.Fatalf("what stood there did not survive: %v, %v", after, err)
			}
			if _, err := os.Stat(path + ".none"); !errors.Is(err, os.ErrNotExist) {
				t.Fatalf("the link's target was created: %v", err)
			}
		})
	}
}

func TestLockNeedsItsFolder(t *testing.T) {
	_, err := oslock.TryLock(filepath.Join(t.TempDir(), "none", "lock"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("got %v, want ErrNotExist", err)
	}
}

// A removed lock file must not leave its new holder with a nameless one.
func TestLockAfterRemoval(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	lock, err := oslock.TryLock(path)
	mustLock(t, lock, err)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second, err := oslock.TryLock(path)
	mustLock(t, second, err)
	if _, err := oslock.TryLock(path); !errors.Is(err, oslock.ErrLocked) {
		t.Fatalf("got %v, want ErrLocked", err)
	}
}

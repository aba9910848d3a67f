// Package ostest helps tests with what one system has and another has not.
// Only tests import it.
package ostest

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// Symlink makes link a symbolic link to target, or skips the test where the
// system or this user has none.
func Symlink(t testing.TB, target, link string) {
	t.Helper()
	if err := TrySymlink(target, link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
}

// TrySymlink makes link a symbolic link to target. Wine says that it did, and
// there is none.
func TrySymlink(target, link string) error {
	if err := os.Symlink(target, link); err != nil {
		return err
	}
	_, err := os.Lstat(link)
	return err
}

// Replace renames the file from over to, or skips the test where the system
// protects files that are open, as Windows does, and to is one.
func Replace(t testing.TB, from, to string) {
	t.Helper()
	err := os.Rename(from, to)
	if InUse(err) {
		t.Skipf("a file that is open cannot be replaced here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Remove removes a file, if it is there, or skips the test where the system
// protects files that are open, and this is one.
func Remove(t testing.TB, file string) {
	t.Helper()
	err := os.Remove(file)
	if InUse(err) {
		t.Skipf("a file that is open cannot be removed here: %v", err)
	}
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

// InUse reports whether Windows has refused to remove or replace a file
// because it is open.
func InUse(err error) bool {
	const accessDenied, sharingViolation = syscall.Errno(5), syscall.Errno(32)
	return runtime.GOOS == "windows" && (errors.Is(err, accessDenied) || errors.Is(err, sharingViolation))
}

// Library says which goroutine a library starts once for the whole program and
// never ends: on Windows the one that awaits the ends of reads and writes.
func Library() goleak.Option {
	return goleak.IgnoreAnyFunction("github.com/Microsoft/go-winio.ioCompletionProcessor")
}

package harness

import (
	"os/exec"
	"runtime"
	"testing"
)

// Installed returns the path of a program that need not be on every machine.
// Without it the test is skipped.
func Installed(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("this needs %s: %v", name, err)
	}
	return path
}

// Python returns the path of Python.
func Python(t testing.TB) string {
	t.Helper()
	name := "python3"
	if runtime.GOOS == "windows" {
		name = "python"
	}
	return Installed(t, name)
}

//go:build unix

package crowd

import (
	"syscall"
	"testing"
)

// needFiles skips the test where a process may not open so many files. Go
// programs raise their limit as far as they may by themselves.
func needFiles(t *testing.T, n uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < n {
		t.Skipf("a process may open %d files here (%v), and the test needs %d", limit.Cur, err, n)
	}
}

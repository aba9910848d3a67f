package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// Where the directory is missing, or is none, the daemon does not start and
// says why.
func TestMissingDirectory(t *testing.T) {
	t.Parallel()
	home := harness.Dir(t)
	file := filepath.Join(home, "file")
	writeFile(t, file, "")
	for _, dir := range []string{filepath.Join(home, "none"), filepath.Join(home, "none", "deeper"), file} {
		status, says := harness.RunToEnd(t, harness.Config{Dir: dir})
		if status != 1 || !strings.Contains(says, "✗ Error: ") || !strings.Contains(says, dir) || strings.Contains(says, "listening") {
			t.Errorf("%s: status %d and %q, want 1 and a sentence with the directory", dir, status, says)
		}
	}
}

// A flag that is wrong is told apart from a failure.
func TestUsage(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--no-such-flag", "--worker-idle=soon", "--max-frame=1", "--synchronous=off", "--log-level=loud"} {
		if status, says := harness.RunToEnd(t, harness.Config{Flags: []string{flag}}); status != 2 || !strings.Contains(says, "✗ Error: ") {
			t.Errorf("%s: status %d and %q, want 2 and a sentence", flag, status, says)
		}
	}
}

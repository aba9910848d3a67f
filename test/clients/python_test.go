package clients

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// The Python client passes its own tests. Its daemons lie in the run's folder,
// where the harness finds those that are left.
func TestPython(t *testing.T) {
	t.Parallel()
	temp := harness.Dir(t)
	cmd := exec.CommandContext(t.Context(), harness.Python(t), "-m", "unittest", "discover")
	cmd.Dir = filepath.Join("..", "..", "clients", "python")
	cmd.Env = append(cmd.Environ(), "SKYLINEDB_DAEMON="+harness.DaemonProgram(t), "TMPDIR="+temp,
		"PYTHONUTF8=1", "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=error::ResourceWarning")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the tests of the Python client: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}

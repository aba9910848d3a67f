package clients

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

var (
	pythonRoot  = filepath.Join("..", "..", "clients", "python")
	pythonTests = []string{"-m", "unittest", "discover"}
)

// The Python client passes its own tests. Its daemons lie in the run's folder,
// where the harness finds those that are left.
func TestPython(t *testing.T) {
	t.Parallel()
	temp := harness.Dir(t)
	cmd := exec.CommandContext(t.Context(), python(t), pythonTests...)
	cmd.Dir = pythonRoot
	cmd.Env = append(cmd.Environ(), "SKYLINEDB_DAEMON="+harness.DaemonProgram(t), "TMPDIR="+temp, "TMP="+temp, "TEMP="+temp,
		"PYTHONUTF8=1", "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=error::ResourceWarning")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the tests of the Python client: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// python returns the path of Python, which Windows calls otherwise.
func python(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		return harness.Installed(t, "python")
	}
	return harness.Installed(t, "python3")
}

package clients

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

var nodeRoot = filepath.Join("..", "..", "clients", "node")

// The Node client passes its own tests. Its daemons lie in the run's folder,
// where the harness finds those that are left.
func TestNode(t *testing.T) {
	t.Parallel()
	temp := harness.Dir(t)
	cmd := exec.CommandContext(t.Context(), harness.Installed(t, "node"), nodeTests(t)...)
	cmd.Dir = nodeRoot
	cmd.Env = append(cmd.Environ(), "SKYLINEDB_DAEMON="+harness.DaemonProgram(t), "TMPDIR="+temp, "TMP="+temp, "TEMP="+temp)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the tests of the Node client: %v\n%s", err, out)
	}
}

// nodeTests returns the arguments with which Node runs the client's tests. They
// are named one by one: what a folder means to node --test depends on its version.
func nodeTests(t *testing.T) []string {
	t.Helper()
	tests, err := filepath.Glob(filepath.Join(nodeRoot, "test", "*.test.mjs"))
	if err != nil || len(tests) == 0 {
		t.Fatalf("the Node client has the tests %v, %v", tests, err)
	}
	args := []string{"--test"}
	for _, test := range tests {
		args = append(args, "test/"+filepath.Base(test))
	}
	return args
}

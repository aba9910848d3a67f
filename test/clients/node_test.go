package clients

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// The Node client passes its own tests. Its daemons lie in the run's folder,
// where the harness finds those that are left.
func TestNode(t *testing.T) {
	t.Parallel()
	program := harness.Installed(t, "node")
	root := filepath.Join("..", "..", "clients", "node")
	// By name: what a folder means to node --test depends on its version.
	tests, err := filepath.Glob(filepath.Join(root, "test", "*.test.mjs"))
	if err != nil || len(tests) == 0 {
		t.Fatalf("the Node client has the tests %v, %v", tests, err)
	}
	args := []string{"--test"}
	for _, test := range tests {
		args = append(args, filepath.Join("test", filepath.Base(test)))
	}
	temp := harness.Dir(t)
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = root
	cmd.Env = append(cmd.Environ(), "SKYLINEDB_DAEMON="+harness.DaemonProgram(t), "TMPDIR="+temp, "TMP="+temp, "TEMP="+temp)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the tests of the Node client: %v\n%s", err, out)
	}
}

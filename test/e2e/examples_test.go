package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

func example(path string) string {
	return filepath.Join("..", "..", "examples", filepath.FromSlash(path))
}

// The example in Python can be run as often as one likes.
func TestPythonExample(t *testing.T) {
	t.Parallel()
	program := harness.Python(t)
	d := harness.Start(t, harness.Config{})
	rows := ""
	for run := range 2 {
		cmd := exec.CommandContext(patient(t), program, example("python/client.py"), d.Socket)
		cmd.Env = append(cmd.Environ(), "PYTHONUTF8=1")
		rows += "('Buy groceries', 'blob', 'real')\n('Zürich', 'null', 'null')\n"
		wantResult(t, "client.py", finish(t, cmd), result{
			Out: fmt.Sprintf("rev %d, 2 rows affected\nrefused: SQL_ERROR SQLITE_ERROR in statement 0\n", 2*run+2) + rows,
		})
	}
	wantRows(t, d.File("python.db"), `SELECT group_concat(id || ' ' || title || ' ' || quote(cover) || ' ' || quote(weight), ', ') FROM tasks`,
		"1 Buy groceries X'0001' 2.0, 2 Zürich NULL NULL, 3 Buy groceries X'0001' 2.0, 4 Zürich NULL NULL")
}

// So can that in Node.
func TestNodeExample(t *testing.T) {
	t.Parallel()
	program := harness.Installed(t, "node")
	d := harness.Start(t, harness.Config{})
	for run := range 2 {
		cmd := exec.CommandContext(patient(t), program, example("node/client.mjs"), d.Socket)
		wantResult(t, "client.mjs", finish(t, cmd), result{
			Out: fmt.Sprintf("rev %d, 2 rows affected\npipelined: 1 2 3\nrefused: SQL_ERROR SQLITE_ERROR in statement 0\n", 2*run+2),
		})
	}
	wantRows(t, d.File("node.db"), `SELECT group_concat(id || ' ' || title || ' ' || quote(cover) || ' ' || quote(weight) || ' ' || quote(points), ', ') FROM tasks`,
		"1 Buy groceries X'0001' 2.0 NULL, 2 Zürich NULL NULL 4611686018427387904, 3 Buy groceries X'0001' 2.0 NULL, 4 Zürich NULL NULL 4611686018427387904")
}

// wantRows checks what a direct read of a file gives, in one text.
func wantRows(t *testing.T, file, query, want string) {
	t.Helper()
	reader := harness.Open(t, file, "ro")
	defer reader.Close()
	if got := reader.Text(query); got != want {
		t.Errorf("%s has %q, want %q", filepath.Base(file), got, want)
	}
}

// The quickstart ends well and leaves nothing. Its folder lies in the run's,
// where the harness finds daemons that are left.
func TestQuickstart(t *testing.T) {
	t.Parallel()
	harness.NeedGo(t)
	temp := harness.Dir(t)
	cmd := harness.Go("run", "./examples/quickstart")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(cmd.Environ(), "TMPDIR="+temp, "TMP="+temp, "TEMP="+temp)
	got := finish(t, cmd)
	if got.Status != 0 || got.Err != "" || !strings.HasSuffix(got.Out, "\n✓ Done\n") {
		t.Errorf("the quickstart ended with status %d:\n%s%s", got.Status, got.Out, got.Err)
	}
	left, err := os.ReadDir(temp)
	if err != nil || len(left) > 0 {
		t.Errorf("the quickstart left %v, %v", left, err)
	}
}

// A client in another language keeps to the protocol and to nothing else.
func TestStranger(t *testing.T) {
	t.Parallel()
	program := harness.Python(t)
	d := harness.Start(t, harness.Config{})
	cmd := exec.CommandContext(patient(t), program, filepath.Join("testdata", "stranger.py"), d.Socket)
	wantResult(t, "stranger.py", finish(t, cmd), result{Out: "pipelined\nin_pieces\nhalf_closed\none_shot\n"})
	wantRows(t, d.File("stranger.db"), `SELECT count(DISTINCT n) || ' of ' || count(*) || ', rev ' || rev FROM t, _skylinedb_state`, "301 of 301, rev 302")
}

package clients

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// What the tests under Wine need: the program that runs another one in it, with
// the same paths, and the interpreters, which windows.sh fetches. They are read
// here because the harness takes the product's variables away.
var (
	wine          = os.Getenv("SKYLINEDB_TEST_WINE")
	windowsNode   = os.Getenv("SKYLINEDB_TEST_WINDOWS_NODE")
	windowsPython = os.Getenv("SKYLINEDB_TEST_WINDOWS_PYTHON")
)

// The Node client passes its own tests with the Windows Node, under Wine.
func TestNodeOnWindows(t *testing.T) {
	needWine(t, "SKYLINEDB_TEST_WINDOWS_NODE", windowsNode)
	runInWine(t, nodeRoot, windowsNode, nodeTests(t)...)
}

// The Python client passes its own tests with the Windows Python, under Wine.
func TestPythonOnWindows(t *testing.T) {
	needWine(t, "SKYLINEDB_TEST_WINDOWS_PYTHON", windowsPython)
	runInWine(t, pythonRoot, windowsPython, pythonTests...)
}

// needWine skips the test where the environment does not say what it needs.
func needWine(t *testing.T, name, interpreter string) {
	t.Helper()
	if wine == "" || interpreter == "" {
		t.Skipf("this needs Wine: set SKYLINEDB_TEST_WINE to a program that runs others in it, and %s to the interpreter that windows.sh fetches", name)
	}
}

// runInWine runs a program of Windows in the folder dir, where it must succeed.
func runInWine(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	// A file: Wine makes no pipe of Windows of one of ours, and Node knows no other.
	log, err := os.Create(filepath.Join(harness.Dir(t), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.CommandContext(t.Context(), wine, append([]string{program}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "SKYLINEDB_DAEMON="+windowsPath(windowsDaemon(t)), "NODE_EXTRA_CA_CERTS=",
		"PYTHONUTF8=1", "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=error::ResourceWarning")
	cmd.Stdout, cmd.Stderr = log, log
	err = cmd.Run()
	said, _ := os.ReadFile(log.Name()) // what there is of it
	if err != nil {
		t.Fatalf("the tests under Wine: %v\n%s", err, said)
	}
	t.Logf("%s", said)
}

// windowsDaemon builds the daemon for Windows.
func windowsDaemon(t *testing.T) string {
	t.Helper()
	path := filepath.Join(harness.Dir(t), "skylinedb-daemon.exe")
	build := harness.Go("build", "-o", path, "../../cmd/skylinedb-daemon")
	build.Env = append(build.Env[:len(build.Env):len(build.Env)], "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the daemon for Windows: %v\n%s", err, out)
	}
	return path
}

// windowsPath returns what Wine calls a file of ours.
func windowsPath(path string) string {
	return fmt.Sprintf(`Z:%s`, strings.ReplaceAll(path, "/", `\`))
}

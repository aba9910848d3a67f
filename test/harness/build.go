package harness

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// module is the path of the module whose programs are run.
const module = "github.com/skylinedb/skylinedb"

var (
	daemonProgram = sync.OnceValues(func() (string, error) { return build("skylinedb-daemon") })
	cliProgram    = sync.OnceValues(func() (string, error) { return build("skylinedb-cli") })
)

// DaemonProgram returns the path of the daemon's program.
func DaemonProgram(t testing.TB) string {
	t.Helper()
	return program(t, daemonProgram)
}

// CLIProgram returns the path of the command line client's program.
func CLIProgram(t testing.TB) string {
	t.Helper()
	return program(t, cliProgram)
}

func program(t testing.TB, built func() (string, error)) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Go returns the go command with the environment of whoever runs the tests,
// who has what it needs in his home directory.
func Go(args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Env = run.environ
	return cmd
}

// build builds one of the module's commands into the run's folder.
func build(command string) (string, error) {
	path := filepath.Join(run.dir, "bin", command)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	args := []string{"build", "-o", path}
	if raceEnabled {
		args = append(args, "-race")
	}
	if out, err := Go(append(args, module+"/cmd/"+command)...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", command, err, out)
	}
	return path, nil
}

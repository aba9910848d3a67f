package harness

import (
	"fmt"
	"os"
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

// NeedGo skips the test where the programs were built on another system.
func NeedGo(t testing.TB) {
	t.Helper()
	if run.programs != "" {
		t.Skip("this needs the Go command, which is not on this system")
	}
}

// programsEnv names a folder with the module's commands, for a system that has
// no Go command to build them.
const programsEnv = "SKYLINEDB_TEST_PROGRAMS"

// build puts one of the module's commands into the run's folder, where the
// search for those that are left looks.
func build(command string) (string, error) {
	name := command
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	path := filepath.Join(run.dir, "bin", name)
	if run.programs != "" {
		return path, copyProgram(filepath.Join(run.programs, name), path)
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

func copyProgram(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("get a program that %s should have: %w", programsEnv, err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o700)
}

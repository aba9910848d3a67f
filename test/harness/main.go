package harness

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// roleEnv names the role of a test binary that is not to run tests.
const roleEnv = "SKYLINEDB_TEST_ROLE"

// Role is what a test binary does instead of running tests. It should end
// when stdin does.
type Role func(args []string, stdin io.Reader, stdout io.Writer) error

// run is the run of this test binary.
var run struct {
	dir      string   // everything happens below it
	programs string   // a folder with the programs, "" to build them
	environ  []string // as it was before Main changed it, for the go command
	dirs     atomic.Int64
}

// Main runs the tests of a package, or the role that this process has, and
// exits. The settings of whoever runs the tests do not reach them.
func Main(m *testing.M, roles map[string]Role) {
	all := map[string]Role{"reaper": reap, "sqlite": serveSQLite}
	maps.Copy(all, roles)
	if name := os.Getenv(roleEnv); name != "" {
		if err := all[name](os.Args[1:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) (status int) {
	end, err := begin()
	if err != nil {
		fmt.Fprintf(os.Stderr, "harness: %v\n", err)
		return 1
	}
	status = m.Run()
	if err := errors.Join(checkLeaks(), end()); err != nil {
		fmt.Fprintf(os.Stderr, "harness: %v\n", err)
		status = max(status, 1)
	}
	return status
}

// begin makes the run's folder and starts the reaper. The function that it
// returns ends both.
func begin() (end func() error, err error) {
	if run.dir, err = os.MkdirTemp("", "sky"); err != nil {
		return nil, err
	}
	if run.dir, err = filepath.EvalSymlinks(run.dir); err != nil {
		return nil, err
	}
	run.programs, run.environ = os.Getenv(programsEnv), os.Environ()
	for _, pair := range run.environ {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "SKYLINEDB_") {
			os.Unsetenv(name)
		}
	}
	for _, name := range []string{"XDG_STATE_HOME", "HOME", "LOCALAPPDATA"} {
		os.Setenv(name, run.dir) // where clients put the logs of daemons that they start
	}
	reaper := roleCommand("reaper", run.dir)
	stdin, err := reaper.StdinPipe()
	if err != nil {
		return nil, err
	}
	var says bytes.Buffer
	reaper.Stderr = &says
	if err := reaper.Start(); err != nil {
		return nil, err
	}
	return func() error {
		err := errors.Join(stdin.Close(), reaper.Wait())
		if err != nil {
			err = fmt.Errorf("clear away what the tests left: %w: %s", err, &says)
		}
		return err
	}, nil
}

// roleCommand returns this program in a role.
func roleCommand(role string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), roleEnv+"="+role)
	return cmd
}

// reap waits for the end of the test binary and clears away what it left.
func reap(args []string, stdin io.Reader, _ io.Writer) error {
	signal.Ignore() // Ctrl-C is for the tests
	_, _ = io.Copy(io.Discard, stdin)
	killAll(args[0])
	unmountBelow(args[0])
	// Windows removes no file that is open, and no program that runs.
	for end := time.Now().Add(Patience); ; time.Sleep(100 * time.Millisecond) {
		if err := os.RemoveAll(args[0]); err == nil || time.Now().After(end) {
			return err
		}
	}
}

// killAll ends the run's programs, and those that they start meanwhile.
func killAll(dir string) {
	for pids := programs(dir); len(pids) > 0; pids = programs(dir) {
		for _, pid := range pids {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Kill() // it may have ended
			}
		}
		time.Sleep(glance)
	}
}

// checkLeaks fails if a daemon is left when all tests have ended. Those that
// are ending get the time to.
func checkLeaks() error {
	var pids []int
	for end := time.Now().Add(Patience); time.Now().Before(end); time.Sleep(glance) {
		if pids = programs(run.dir); len(pids) == 0 {
			return nil
		}
	}
	return fmt.Errorf("programs are left when the tests have ended: processes %s", describe(pids))
}

// Dir returns a new folder for the test, whose path is short enough for
// sockets in it. It is removed when the test ends.
func Dir(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(run.dir, strconv.FormatInt(run.dirs.Add(1), 10))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

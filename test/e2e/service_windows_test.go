package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// service runs a command on the service of a test.
func service(t *testing.T, name string, args ...string) result {
	t.Helper()
	args = append([]string{"service", args[0], "--name=" + name}, args[1:]...)
	return finish(t, exec.CommandContext(patient(t), harness.DaemonProgram(t), args...))
}

func wantDone(t *testing.T, got result) {
	t.Helper()
	if got.Status != 0 || got.Err != "" || !strings.HasPrefix(got.Out, "✓ ") {
		t.Fatalf("got %+v, want it done", got)
	}
}

// A service is installed, serves, is stopped and started, and goes, and each
// command that cannot be done says why.
func TestService(t *testing.T) {
	o := harness.Autostart(t)
	o.NoWait = true
	name := "SkylineDBTest-" + filepath.Base(filepath.Dir(o.Dir))
	if got := service(t, name, "start"); got.Status != 1 || !strings.Contains(got.Err, "no service "+name) {
		t.Errorf("start before install: %+v", got)
	}
	if got := service(t, name, "install", filepath.Join(o.Dir, "none")); got.Status != 1 || !strings.Contains(got.Err, "directory") {
		t.Errorf("install for no directory: %+v", got)
	}
	if got := service(t, name, "install", "--worker-idle=soon", o.Dir); got.Status != 2 {
		t.Errorf("install with a wrong flag: %+v", got)
	}
	if got := service(t, name, "run", o.Dir); got.Status != 1 || !strings.Contains(got.Err, "only the service manager") {
		t.Errorf("run by hand: %+v", got)
	}
	install := func() result {
		return service(t, name, "install", "--socket="+o.Socket, "--worker-idle=0", o.Dir)
	}
	installed := install()
	if strings.Contains(installed.Err, "administrators only") {
		t.Skip("this user is no administrator")
	}
	wantDone(t, installed)
	// It fails where the test has come to its end.
	t.Cleanup(func() { _ = exec.Command(harness.DaemonProgram(t), "service", "uninstall", "--name="+name).Run() })
	if got := install(); got.Status != 1 || !strings.Contains(got.Err, "installed already") {
		t.Errorf("install again: %+v", got)
	}
	for round := range 2 {
		wantDone(t, service(t, name, "start"))
		wantDone(t, service(t, name, "start"))
		c := harness.OpenClient(t, o)
		if round == 0 {
			must[client.Result](t)(c.Exec(patient(t), "a.db", client.SQL(`CREATE TABLE t(n)`)))
		}
		must[client.Result](t)(c.Exec(patient(t), "a.db", client.SQL(`INSERT INTO t VALUES(?)`, round)))
		wantDone(t, service(t, name, "stop"))
		wantDone(t, service(t, name, "stop"))
		if harness.Listening(t, o.Socket) {
			t.Error("the pipe is still there")
		}
		if _, err := c.Ping(patient(t)); client.ErrorCode(err) != wire.CodeUnavailable {
			t.Errorf("Ping of a service that has stopped: %v", err)
		}
		wantGone(t, filepath.Join(o.Dir, "a.db-wal"))
	}
	if log := serviceLog(t, o.Socket); strings.Count(log, "msg=ended") != 2 {
		t.Errorf("the log does not tell of two ends:\n%s", log)
	}
	wantDone(t, service(t, name, "start")) // it is stopped by uninstall
	wantDone(t, service(t, name, "uninstall"))
	if got := service(t, name, "stop"); got.Status != 1 || !strings.Contains(got.Err, "no service") {
		t.Errorf("stop after uninstall: %+v", got)
	}
}

// serviceLog returns the log of the service on that pipe, where the service's
// account is this user, and otherwise skips the rest of the test: then only an
// administrator could read it.
func serviceLog(t *testing.T, pipe string) string {
	t.Helper()
	pattern := filepath.Join(os.Getenv("USERPROFILE"), "AppData", "Local", "SkylineDB", filepath.Base(pipe)+"-*.log")
	logs, err := filepath.Glob(pattern)
	if err != nil || len(logs) != 1 {
		t.Skipf("the service's log is elsewhere: %v, %v", logs, err)
	}
	defer os.Remove(logs[0])
	text, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

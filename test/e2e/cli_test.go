package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// shell is where the command line client is called.
type shell struct {
	t      *testing.T
	socket string
	dir    string // the current directory
	env    []string
	stdin  string
}

// run calls the command line client. It may be called from any goroutine.
func (s shell) run(args ...string) result {
	s.t.Helper()
	cmd := exec.CommandContext(patient(s.t), harness.CLIProgram(s.t), args...)
	cmd.Dir = s.dir
	cmd.Env = append(cmd.Environ(), append(s.env, "SKYLINEDB_SOCKET="+s.socket)...)
	cmd.Stdin = strings.NewReader(s.stdin)
	return finish(s.t, cmd)
}

// want calls it and checks what it says.
func (s shell) want(want result, args ...string) {
	s.t.Helper()
	wantResult(s.t, strings.Join(args, " "), s.run(args...), want)
}

// object calls it with --json and returns what it says.
func (s shell) object(status int, args ...string) map[string]any {
	s.t.Helper()
	got := s.run(append(args, "--json")...)
	var object map[string]any
	if err := json.Unmarshal([]byte(got.Out), &object); err != nil || got.Err != "" || got.Status != status {
		s.t.Fatalf("%s --json: %+v, want status %d and an object", args, got, status)
	}
	return object
}

// The commands do what they say, and tell by their status how it went.
func TestCLI(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	sh := shell{t: t, socket: d.Socket, dir: harness.Dir(t)}
	file := d.File("a.db")
	sh.want(result{Out: "✓ 0 rows affected, rev 1 (" + file + ")\n"}, "exec", "--db", "a.db", `CREATE TABLE t(a, b, c, d)`)
	sh.want(result{Out: "✓ 1 row affected, rev 2 (" + file + ")\n"}, "exec", "--db=a.db", `INSERT INTO t VALUES(?, ?, ?, ?)`,
		"--param", "7", "--param", "-1.5", "--param", "blob:AAH/", "-p", "it's 5 o'clock")
	sh.want(result{Out: "✓ 1 row affected, rev 3 (" + file + ")\n"}, "exec", "--db", "a.db", `INSERT INTO t(a, b) VALUES(:a, $b)`,
		"--named", "a=null", "--named", "b=007")
	sh.stdin = "INSERT INTO t(d) VALUES('Zürich; 1');\n-- the last\nINSERT INTO t(d) VALUES('2')\n"
	sh.want(result{Out: "✓ 2 rows affected, rev 4 (" + file + ")\n"}, "exec", "--db", "a.db", "-f", "-")
	sh.want(result{Err: "✗ Error: no such table: nowhere\n  statement 2, SQLITE_ERROR\n", Status: 1},
		"exec", "--db", "a.db", `DELETE FROM t`, `DELETE FROM nowhere`)
	for _, args := range [][]string{{"exec", "--no-such-flag", "x"}, {"exec", "--db", "a.db"}, {"dance"}, {}} {
		if got := sh.run(args...); got.Status != 2 || got.Out != "" || !strings.HasPrefix(got.Err, "✗ Error: ") {
			t.Errorf("%q: %+v, want status 2 and a sentence", args, got)
		}
	}
	wantRows(t, file, `SELECT group_concat(quote(a) || ' ' || quote(b) || ' ' || quote(c) || ' ' || quote(d), ', ') FROM t`,
		"7 -1.5 X'0001FF' 'it''s 5 o''clock', NULL '007' NULL NULL, NULL NULL NULL 'Zürich; 1', NULL NULL NULL '2'")
}

// The maintenance of one database, as a script does it.
func TestCLIMaintenance(t *testing.T) {
	t.Parallel()
	d, _ := withT(t, harness.Config{}, "a.db")
	sh := shell{t: t, socket: d.Socket, dir: d.Dir}
	insert := []string{"exec", "--db", "a.db", insertT(1, 1)}
	for _, command := range []string{"prepare-for-maintenance", "close-database"} {
		if got := sh.run(command, "--db", "a.db"); got.Status != 0 || !strings.HasPrefix(got.Out, "✓ ") {
			t.Errorf("%s: %+v", command, got)
		}
		if got := sh.run(insert...); got.Status != 1 || got.Out != "" || !strings.HasPrefix(got.Err, "✗ Error: ") {
			t.Errorf("exec after %s: %+v", command, got)
		}
	}
	sh.want(result{Out: "✓ 0 rows affected, rev 1 (" + d.File("b.db") + ")\n"}, "exec", "--db", "b.db", createT)
	if got := sh.run("reopen-database", "--db", "a.db"); got.Status != 0 {
		t.Errorf("reopen-database: %+v", got)
	}
	sh.want(result{Out: "✓ 1 row affected, rev 2 (" + d.File("a.db") + ")\n"}, insert...)
}

// With --json the daemon's reply is on standard output, however it went.
func TestCLIJSON(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	sh := shell{t: t, socket: d.Socket, dir: d.Dir}
	got := sh.object(0, "exec", "--request-id", "x", `CREATE TABLE t(a)`, `INSERT INTO t VALUES(1)`)
	epoch, ok := got["epoch"].(string)
	want := map[string]any{"status": "ok", "rev": 1.0, "epoch": epoch, "rows_affected": 1.0, "last_insert_rowid": 1.0, "db_path": d.File("data.db")}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("exec (-want +got):\n%s", diff)
	}
	if again := sh.object(0, "exec", "--request-id", "x", `CREATE TABLE t(a)`, `INSERT INTO t VALUES(1)`); again["replayed"] != true || again["rev"] != 1.0 {
		t.Errorf("exec again: %v", again)
	}
	if got := sh.object(1, "exec", `DELETE FROM nowhere`); got["code"] != "SQL_ERROR" || got["statement_index"] != 0.0 {
		t.Errorf("exec of bad SQL: %v", got)
	}
	if got := sh.object(2, "exec"); got["code"] != "INVALID_REQUEST" {
		t.Errorf("exec of nothing: %v", got)
	}
	if got := sh.object(0, "status"); got["pid"] != float64(d.PID()) || got["dir"] != d.Dir {
		t.Errorf("status: %v", got)
	}
	if got := sh.object(0, "shutdown"); got["status"] != "ok" {
		t.Errorf("shutdown: %v", got)
	}
	d.WantExit(0)
	if got := sh.object(1, "status"); got["code"] != "UNAVAILABLE" {
		t.Errorf("status without a daemon: %v", got)
	}
}

// A daemon that serves another directory than was asked for is not written to.
// Where none was asked for, the line says which file it was.
func TestCLIDirMismatch(t *testing.T) {
	t.Parallel()
	d, _ := withT(t, harness.Config{}, "a.db")
	elsewhere := harness.Dir(t)
	sh := shell{t: t, socket: d.Socket, dir: elsewhere}
	insert := []string{"exec", "--db", "a.db", insertT(1, 1)}
	sh.want(result{Out: "✓ 1 row affected, rev 2 (" + d.File("a.db") + ")\n"}, insert...)
	if got := sh.object(1, append(insert, "--dir", elsewhere)...); got["code"] != "DIR_MISMATCH" {
		t.Errorf("exec with --dir: %v", got)
	}
	sh.env = []string{"SKYLINEDB_DIR=" + elsewhere}
	if got := sh.run(insert...); got.Status != 1 || !strings.Contains(got.Err, wire.Quote(d.Dir)) || !strings.Contains(got.Err, wire.Quote(elsewhere)) {
		t.Errorf("exec with SKYLINEDB_DIR: %+v, want status 1 and both directories", got)
	}
	sh.want(result{Out: "✓ 1 row affected, rev 3 (" + d.File("a.db") + ")\n"}, append(insert, "--dir", d.Dir)...)
	if left, err := os.ReadDir(elsewhere); err != nil || len(left) > 0 {
		t.Errorf("there are %v, %v in the other directory", left, err)
	}
}

// No daemon is started by a command that only asks, nor against one's will.
func TestCLIWithoutDaemon(t *testing.T) {
	t.Parallel()
	o := harness.Autostart(t)
	sh := shell{t: t, socket: o.Socket, dir: o.Dir}
	want := result{Err: "✗ Error: daemon is not running\n", Status: 1}
	for _, command := range []string{"ping", "status", "shutdown"} {
		sh.want(want, command)
	}
	for _, args := range []string{"exec VACUUM", "prepare-for-maintenance", "close-database", "reopen-database"} {
		sh.want(want, append(strings.Fields(args), "--no-autostart")...)
	}
	sh.env = []string{"SKYLINEDB_AUTOSTART=0"}
	sh.want(want, "exec", "VACUUM")
	if log := harness.StartedLog(t, o); log != "" {
		t.Errorf("a daemon was started:\n%s", log)
	}
	if left, err := os.ReadDir(o.Dir); err != nil || len(left) > 0 {
		t.Errorf("there are %v, %v in the directory", left, err)
	}
}

// Twenty calls at once that find no daemon start one.
func TestTwentyCLIsStartOneDaemon(t *testing.T) {
	t.Parallel()
	o := harness.Autostart(t)
	makeT(t, o, "a.db", "t")
	sh := shell{t: t, socket: o.Socket, dir: o.Dir}
	var wg sync.WaitGroup
	for n := range 20 {
		wg.Go(func() {
			if got := sh.run("exec", "--db", "a.db", insertT(n, n)); got.Status != 0 || got.Err != "" {
				t.Errorf("call %d: %+v", n, got)
			}
		})
	}
	wg.Wait()
	wantOneDaemon(t, o)
	wantRows(t, filepath.Join(o.Dir, "a.db"), `SELECT count(DISTINCT client) || ', rev ' || rev FROM t, _skylinedb_state`, "20, rev 20")
}

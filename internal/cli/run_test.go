package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/internal/cli"
	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/wire"
)

// beDaemon, when set, makes the test binary a fake daemon.
const beDaemon = "SKYLINEDB_TEST_BE_DAEMON"

func TestMain(m *testing.M) {
	if os.Getenv(beDaemon) != "" {
		os.Exit(fakedaemon.Main(os.Args[1:], os.Stderr))
	}
	os.Exit(m.Run())
}

// result is what an invocation leaves.
type result struct {
	Out, Err string
	Code     int
}

// shell runs the program with an environment of its own.
type shell struct {
	env   map[string]string
	stdin string
}

func (s shell) run(t *testing.T, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out, errs strings.Builder
	code := cli.Run(ctx, args, strings.NewReader(s.stdin), &out, &errs, func(name string) string { return s.env[name] })
	return result{out.String(), errs.String(), code}
}

// at returns a shell whose programs find the daemon at socket.
func at(socket string) shell { return shell{env: map[string]string{"SKYLINEDB_SOCKET": socket}} }

// start starts a well-behaved daemon in dir.
func start(t *testing.T) (*fakedaemon.Daemon, shell) {
	t.Helper()
	dir := t.TempDir()
	d := fakedaemon.StartAt(t, fakedaemon.Socket(t), dir, fakedaemon.NewStore(dir).Handle)
	return d, at(d.Socket)
}

func check(t *testing.T, got, want result) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A life with the daemon, as the README tells it.
func TestStory(t *testing.T) {
	d, sh := start(t)
	file := filepath.Join(d.Dir, "galaxy.db")
	steps := []struct {
		args string
		want result
	}{
		{"ping", result{Out: "✓ Daemon is running\n  version 0.0.0-fake, directory " + d.Dir + "\n"}},
		{"exec --db galaxy.db A", result{Out: "✓ 1 row affected, rev 1 (" + file + ")\n"}},
		{"exec --db galaxy.db A B", result{Out: "✓ 2 rows affected, rev 2 (" + file + ")\n"}},
		{"ping --db galaxy.db", result{Out: "✓ Daemon is running\n  version 0.0.0-fake, directory " + d.Dir + "\n  " + file + ": open, rev 2\n"}},
		{"prepare-for-maintenance --db galaxy.db", result{Out: "✓ WAL checkpointed - all data flushed to the main file\n✓ Now you can calculate the hash of galaxy.db\n"}},
		{"close-database --db galaxy.db", result{Out: "✓ File locks released - safe to replace galaxy.db\n"}},
		{"exec --db galaxy.db A", result{Err: "✗ Error: Database is closed for maintenance.\n", Code: 1}},
		{"exec --db users.db A", result{Out: "✓ 1 row affected, rev 1 (" + filepath.Join(d.Dir, "users.db") + ")\n"}},
		{"reopen-database --db galaxy.db", result{Out: "✓ Database reopened - operations resume\n"}},
		{"exec --db galaxy.db --request-id x A", result{Out: "✓ 1 row affected, rev 3 (" + file + ")\n"}},
		{"exec --db galaxy.db --request-id x A", result{Out: "✓ 1 row affected, rev 3 (" + file + ") - executed before and not again\n"}},
		{"exec --db galaxy.db fail", result{Err: "✗ Error: UNIQUE constraint failed: stars.name.\n  statement 1, SQLITE_CONSTRAINT_UNIQUE\n", Code: 1}},
		{"exec --db galaxy.db --expect-rev 2 A", result{Err: "✗ Error: The rev is 3 and not 2.\n", Code: 1}},
		{"shutdown", result{Out: "✓ Daemon stopped\n"}},
		{"ping", result{Err: "✗ Error: daemon is not running\n", Code: 1}},
		{"status", result{Err: "✗ Error: daemon is not running\n", Code: 1}},
		{"shutdown", result{Err: "✗ Error: daemon is not running\n", Code: 1}},
		{"exec --no-autostart A", result{Err: "✗ Error: daemon is not running\n", Code: 1}},
	}
	for _, step := range steps {
		t.Run(step.args, func(t *testing.T) { check(t, sh.run(t, strings.Fields(step.args)...), step.want) })
	}
}

func TestStatus(t *testing.T) {
	_, sh := start(t)
	sh.run(t, "exec", "--db", "galaxy.db", "A")
	got := sh.run(t, "status")
	for _, want := range []string{
		"✓ Daemon is running\n", fmt.Sprintf("  pid          %d\n", os.Getpid()), "  uptime       1m30s\n",
		"\nDATABASE   STATE  WORKER  REV  QUEUE  WAL BYTES  BATCHES  GROUPS  ERRORS  REPLAYS\n",
		"\ngalaxy.db  open   yes     1    0      4152       1        1       0       0\n",
	} {
		if !strings.Contains(got.Out, want) || got.Code != 0 {
			t.Errorf("status %d, and no %q in\n%s", got.Code, want, got.Out)
		}
	}
}

// With --json there is one object on stdout, whatever happens.
func TestJSON(t *testing.T) {
	d, sh := start(t)
	tests := []struct {
		args string
		want map[string]any
		code int
	}{
		{"exec A", map[string]any{"status": "ok", "rev": 1.0, "rows_affected": 1.0, "last_insert_rowid": 1.0, "db_path": filepath.Join(d.Dir, "data.db")}, 0},
		{"exec fail", map[string]any{"status": "error", "code": "SQL_ERROR", "message": "UNIQUE constraint failed: stars.name.", "retryable": false, "sqlite_code": "SQLITE_CONSTRAINT_UNIQUE", "statement_index": 0.0}, 1},
		{"close-database", map[string]any{"status": "ok", "closed": true, "readers_remaining": false}, 0},
		{"exec", map[string]any{"status": "error", "code": "INVALID_REQUEST", "message": "there is no SQL to execute", "retryable": false}, 2},
		{"exec --nope", map[string]any{"status": "error", "code": "INVALID_REQUEST", "message": "unknown flag: --nope", "retryable": false}, 2},
		{"shutdown", map[string]any{"status": "ok"}, 0},
		{"ping", map[string]any{"status": "error", "code": "UNAVAILABLE", "message": "The daemon is not running.", "retryable": false}, 1},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			r := sh.run(t, append(strings.Fields(test.args), "--json")...)
			if strings.Count(r.Out, "\n") != 1 || r.Err != "" || r.Code != test.code {
				t.Fatalf("got %+v", r)
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(r.Out), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Wrong usage has status 2 and says where to look; nothing is sent.
func TestUsage(t *testing.T) {
	d, sh := start(t)
	tests := []struct{ args, says string }{
		{"", "a command is missing"},
		{"dance", "unknown command"},
		{"ping now", "unknown command"},
		{"ping --nope", "unknown flag"},
		{"exec", "there is no SQL"},
		{"exec --tx maybe A", "use atomic or none"},
		{"exec --sync never A", "use normal or full"},
		{"exec --timeout 0 A", "at least 1ms"},
		{"exec --timeout soon A", "invalid argument"},
		{"exec --expect-rev x A", "invalid argument"},
		{"exec --request-id= A", "1 to 128 bytes"},
		{"exec -f x A", "not both"},
		{"exec -f - --params-json -", "not both"},
		{"exec --param 1 A B", "single statement"},
		{"exec --param 1 --named a=1 A", "use one of"},
		{"exec --param int:x A", "--param \"int:x\""},
		{"exec --param 99999999999999999999 A", "not an integer of 64 bits"},
		{"exec --param json:1,2 A", "one JSON value"},
		{"exec --named x A", "NAME=VALUE"},
		{"exec --named x=1 --named x=2 A", "each name once"},
		{"exec --named x=blob:! A", "malformed base64"},
		{"exec --params-json 1 A", "array or an object"},
		{"exec --params-json [[1]] A B", "array of 2"},
		{"ping --max-frame 1", "--max-frame cannot be"},
		{"ping --wait -1s", "negative"},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			r := sh.run(t, strings.Fields(test.args)...)
			if r.Code != 2 || r.Out != "" || !strings.HasPrefix(r.Err, "✗ Error: ") ||
				!strings.Contains(r.Err, test.says) || !strings.Contains(r.Err, "--help") {
				t.Errorf("got %+v, want %q", r, test.says)
			}
		})
	}
	sh.env["SKYLINEDB_MAX_FRAME"] = "tiny"
	if r := sh.run(t, "ping"); r.Code != 2 || !strings.Contains(r.Err, "SKYLINEDB_MAX_FRAME") {
		t.Errorf("got %+v", r)
	}
	if n := len(d.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestHelp(t *testing.T) {
	for _, args := range []string{"--help", "exec --help", "help exec", "completion bash"} {
		if r := (shell{}).run(t, strings.Fields(args)...); r.Code != 0 || r.Err != "" || r.Out == "" {
			t.Errorf("%s: got %+v", args, r)
		}
	}
}

// Flags go before the environment, and an explicit directory must be the
// daemon's.
func TestSettings(t *testing.T) {
	d, sh := start(t)
	elsewhere := t.TempDir()
	sh.env["SKYLINEDB_DIR"] = elsewhere
	if r := sh.run(t, "exec", "A"); r.Code != 1 || !strings.Contains(r.Err, d.Dir) {
		t.Errorf("got %+v", r)
	}
	if r := sh.run(t, "exec", "--dir", d.Dir, "A"); r.Code != 0 {
		t.Errorf("got %+v", r)
	}
	sh.env["SKYLINEDB_SOCKET"] = filepath.Join(elsewhere, "none")
	if r := sh.run(t, "ping", "--socket", d.Socket, "--dir", d.Dir); r.Code != 0 {
		t.Errorf("got %+v", r)
	}
	if r := sh.run(t, "ping"); r.Code != 1 {
		t.Errorf("got %+v", r)
	}
}

// A reader that remains is a warning.
func TestReadersRemain(t *testing.T) {
	remain := true
	d := fakedaemon.Start(t, func(r *wire.Request) *wire.Reply {
		if r.RequireExclusive {
			return wire.Failure(wire.Errorf(wire.CodeReadersRemain, "Another process has the file open."))
		}
		return &wire.Reply{Status: "ok", Closed: true, ReadersRemaining: &remain}
	})
	check(t, at(d.Socket).run(t, "close-database"), result{
		Out: "✓ File locks of the daemon released\n! Another process still has data.db open - let it close the file before you replace it\n",
	})
	check(t, at(d.Socket).run(t, "close-database", "--require-exclusive"), result{
		Err: "✗ Error: Another process has the file open.\n", Code: 1,
	})
}

// What a batch without a transaction had committed is told.
func TestPartialBatch(t *testing.T) {
	index, rev, affected := 2, int64(9), int64(1)
	d := fakedaemon.Start(t, func(*wire.Request) *wire.Reply {
		return wire.Failure(&wire.Error{Code: wire.CodeSQLError, Message: "No.", StatementIndex: &index, Rev: &rev, RowsAffected: &affected})
	})
	check(t, at(d.Socket).run(t, "exec", "--tx", "none", "A"), result{
		Err: "✗ Error: No.\n  statement 3\n  committed before it: 1 row affected, rev 9\n", Code: 1,
	})
}

// The time that --wait gives ends a call that hangs.
func TestWait(t *testing.T) {
	hold := make(chan struct{})
	d := fakedaemon.Start(t, func(*wire.Request) *wire.Reply { <-hold; return nil })
	defer close(hold)
	if r := at(d.Socket).run(t, "exec", "--wait", "50ms", "A"); r.Code != 1 || !strings.Contains(r.Err, "may or may not") {
		t.Errorf("got %+v", r)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("nobody reads") }

// Output that cannot be written is a failure.
func TestBrokenOutput(t *testing.T) {
	_, sh := start(t)
	for _, args := range [][]string{{"ping"}, {"ping", "--json"}, {"status"}} {
		var errs strings.Builder
		code := cli.Run(t.Context(), args, strings.NewReader(""), brokenPipe{}, &errs, func(name string) string { return sh.env[name] })
		if code != 1 || !strings.Contains(errs.String(), "nobody reads") {
			t.Errorf("%q: status %d, %q", args, code, errs.String())
		}
	}
}

// exec starts a daemon where none runs, with the settings that were given.
func TestAutostart(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv(beDaemon, "1")
	sh := at(fakedaemon.Socket(t))
	sh.env["SKYLINEDB_DAEMON"] = self
	check(t, sh.run(t, "exec", "--dir", dir, "A"), result{Out: "✓ 1 row affected, rev 1 (" + filepath.Join(dir, "data.db") + ")\n"})
	check(t, sh.run(t, "shutdown"), result{Out: "✓ Daemon stopped\n"})
}

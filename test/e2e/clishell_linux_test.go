package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/skylinedb/skylinedb/test/harness"
)

// typist types into a terminal, and reads what is shown there.
type typist struct {
	t      *testing.T
	master *os.File
	shown  string // and not yet looked at
}

// terminal returns the two ends of a terminal: the program's and the user's.
func terminal(t *testing.T) (program, user *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("this needs a terminal: %v", err)
	}
	t.Cleanup(func() { user.Close() })
	fd := int(user.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 200})
	}
	if err == nil {
		program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return program, user
}

// atTerminal starts a command in a terminal of its own.
func (s shell) atTerminal(args ...string) (*exec.Cmd, *typist) {
	s.t.Helper()
	program, user := terminal(s.t)
	cmd := exec.CommandContext(patient(s.t), harness.CLIProgram(s.t), args...)
	cmd.Dir = s.dir
	cmd.Env = append(cmd.Environ(), append(s.env, "SKYLINEDB_SOCKET="+s.socket)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	program.Close()
	return cmd, &typist{t: s.t, master: user}
}

func (p *typist) keys(keys string) {
	p.t.Helper()
	if _, err := io.WriteString(p.master, keys); err != nil {
		p.t.Fatal(err)
	}
}

// await reads until the text is shown.
func (p *typist) await(text string) {
	p.t.Helper()
	buf := make([]byte, 4096)
	for {
		if _, rest, found := strings.Cut(p.shown, text); found {
			p.shown = rest
			return
		}
		n, err := p.master.Read(buf)
		if err != nil {
			p.t.Fatalf("%q was never shown, but %q: %v", text, p.shown, err)
		}
		p.shown += string(buf[:n])
	}
}

// A shell at a terminal: statements over several lines, Ctrl-C at the prompt
// and while a statement runs, the history, a transaction, and Ctrl-D.
func TestShellTerminal(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	state := harness.Dir(t)
	sh := shell{t: t, socket: d.Socket, dir: d.Dir, env: []string{"XDG_STATE_HOME=" + state}}
	cmd, p := sh.atTerminal("shell", "a.db")
	p.await("a.db> ")
	p.keys("SELECT 6*7 AS answer\r")
	p.await("   ...> ")
	p.keys(";\r")
	p.await("answer\r\n------\r\n    42\r\n1 row\r\na.db> ")
	p.keys("SELECT nonsense\x03")
	p.await("a.db> ")
	p.keys("SELECT 'half\r")
	p.await("   ...> ")
	p.keys("\x03")
	p.await("a.db> ")
	before := c.Database("a.db").Queries
	p.keys(forever + ";\r")
	awaitQueries(t, c, uint64(before)+1)
	p.keys("\x03")
	p.await("interrupted.\r\na.db> ")
	p.keys("CREATE TABLE big AS " + forever + ";\r") // a write: nothing stays of it, and it holds nobody up
	harness.Await(t, "the write runs", func() bool { return c.Database("a.db").Tx != nil })
	p.keys("\x03")
	p.await("interrupted.\r\na.db> ")
	p.keys("SELECT 1 AS x;\rSELECT 2 AS\ry;\r") // as from the clipboard
	p.await("x\r\n-\r\n1\r\n1 row\r\n")
	p.await("y\r\n-\r\n2\r\n1 row\r\n")
	p.keys("BEGIN;\r")
	p.await("a.db*> ")
	p.keys("INSERT INTO t VALUES(1, 2);\r")
	p.await("✓ 1 row affected\r\na.db*> ")
	p.keys("COMMIT;\r")
	p.await("✓ committed, rev 2\r\na.db> ")
	p.keys("\x1b[A\x1b[A\r") // the INSERT again
	p.await("✓ 1 row affected, rev 3\r\na.db> ")
	p.keys("\x04")
	if err := cmd.Wait(); err != nil {
		t.Errorf("the shell ended with %v", err)
	}
	wantCount(t, d, "a.db", 2)
	history := filepath.Join(state, "skylinedb", "shell_history")
	info, err := os.Stat(history)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the history: %v, %v", info, err)
	}
	if text := readFile(t, history); !strings.HasPrefix(text, "SELECT 6*7 AS answer\n;\n") || strings.Contains(text, "nonsense") {
		t.Errorf("the history is %q", text)
	}
}

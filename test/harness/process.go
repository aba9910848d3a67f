package harness

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// Process is a process that the test started.
type Process struct {
	t      testing.TB
	name   string
	cmd    *exec.Cmd
	output output        // what it writes, but for the lines of a role
	ended  chan struct{} // closed when it has ended

	// Of a role.
	stdin io.WriteCloser
	lines *bufio.Scanner
}

// output collects what a process writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// StartRole starts this program in a role. The test talks to it by Tell and
// Line. It is killed when the test ends.
func StartRole(t testing.TB, role string, args ...string) *Process {
	t.Helper()
	cmd := roleCommand(role, args...)
	p := &Process{name: role, cmd: cmd}
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	p.lines = bufio.NewScanner(r)
	p.lines.Buffer(nil, 16<<20)
	cmd.Stdout, cmd.Stderr = w, &p.output
	p.start(t, w)
	t.Cleanup(func() {
		p.Kill()
		for ok := true; ok; { // lines that nobody reads would hold it up
			_, ok = p.Next()
		}
		p.Wait()
	})
	return p
}

// start starts the process and closes what is given when it has ended.
func (p *Process) start(t testing.TB, closers ...io.Closer) {
	t.Helper()
	p.t, p.ended = t, make(chan struct{})
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", p.name, err)
	}
	go func() {
		_ = p.cmd.Wait() // Wait looks at the state
		for _, c := range closers {
			c.Close()
		}
		close(p.ended)
	}()
}

// PID returns the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the process as kill -9 does. It does not wait.
func (p *Process) Kill() { _ = p.cmd.Process.Kill() } // fails where it has ended

// Exited reports whether the process has ended.
func (p *Process) Exited() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Wait waits for the end of the process and returns its exit status, -1 where
// a signal ended it.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(Patience):
		p.t.Fatalf("%s did not end; it wrote:\n%s", p.name, p.Output())
	}
	return p.cmd.ProcessState.ExitCode()
}

// Output returns what the process has written so far.
func (p *Process) Output() string { return p.output.String() }

// Tell writes a line to a role's standard input.
func (p *Process) Tell(format string, args ...any) {
	p.t.Helper()
	if _, err := fmt.Fprintf(p.stdin, format+"\n", args...); err != nil {
		p.t.Fatalf("tell %s: %v\n%s", p.name, err, p.Output())
	}
}

// HangUp ends a role's standard input.
func (p *Process) HangUp() { p.stdin.Close() }

// Line returns the next line of a role's standard output.
func (p *Process) Line() string {
	p.t.Helper()
	line, ok := p.Next()
	if !ok {
		p.t.Fatalf("%s ended: %v\n%s", p.name, p.lines.Err(), p.Output())
	}
	return line
}

// Next returns the next line of a role's standard output, false at its end.
// It may be called from any goroutine, one at a time.
func (p *Process) Next() (line string, ok bool) {
	ok = p.lines.Scan()
	return strings.TrimSuffix(p.lines.Text(), "\r"), ok
}

// KillProcess ends a process that the test did not start itself, such as a
// daemon that a client has started, as kill -9 does.
func KillProcess(t testing.TB, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatalf("kill process %d: %v", pid, err)
	}
}

// Package childtest lets a test have another process: the test binary itself,
// which its TestMain turns into something else. Only tests import it.
package childtest

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"testing"
)

// Child is a running process of the test's.
type Child struct {
	*exec.Cmd
	// Said is the first line that it printed.
	Said string

	stdin io.Closer
}

// Start runs the test binary once more with env added to its environment, and
// waits for its first line. It is expected to run until its standard input
// ends, which is at the end of the test or with [Child.End]. prepare, if not
// nil, may change the command before it starts.
func Start(t testing.TB, prepare func(*exec.Cmd), env ...string) *Child {
	t.Helper()
	c := &Child{Cmd: exec.Command(os.Args[0])}
	c.Env = append(os.Environ(), env...)
	c.Stderr = os.Stderr
	if prepare != nil {
		prepare(c.Cmd)
	}
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.stdin = stdin
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.End() })
	scanner := bufio.NewScanner(stdout)
	if !scanner.Scan() {
		t.Fatalf("the other process said nothing: %v", scanner.Err())
	}
	c.Said = scanner.Text()
	return c
}

// End ends the process's input and waits for its end. Only the first call, and
// none after a Wait of the caller's, does anything.
func (c *Child) End() error {
	_ = c.stdin.Close() // Wait tells how the process took it
	if c.ProcessState != nil {
		return nil
	}
	return c.Wait()
}

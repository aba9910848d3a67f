package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/skylinedb/skylinedb/internal/logfile"
	"github.com/skylinedb/skylinedb/wire"
)

// maxTail bounds what is read of the log of a daemon that ended.
const maxTail = 4 << 10

// child is a daemon that this program started.
type child struct {
	cmd    *exec.Cmd
	log    string // its log file
	offset int64  // where in the log this daemon's lines begin
	exited chan struct{}
}

// startChild starts cmd detached, with its output in the log of that socket.
//
// The daemon is meant to outlive the client, and so does the goroutine that
// waits for it, alone among the client's: without it the daemon would stay a
// zombie of this process. It holds nothing but the child.
func startChild(cmd *exec.Cmd, socket string) (*child, error) {
	path, err := logfile.Path(socket)
	if err != nil {
		return nil, err
	}
	log, err := logfile.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the daemon's log: %w", err)
	}
	defer log.Close() // the daemon has its own descriptor
	end, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("find the end of the daemon's log: %w", err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, log: path, offset: end, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // verdict looks at the state
		close(c.exited)
	}()
	return c, nil
}

func (c *child) ended() bool {
	select {
	case <-c.exited:
		return true
	default:
		return false
	}
}

// sleep waits for d, the child's end or the end of ctx, whose error it returns.
func (c *child) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.exited:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// verdict tells why the child has ended: errStartAnother if the next one may
// do better, otherwise what its log says. A daemon that was
// killed, or ended in peace, says nothing against the next one.
func (c *child) verdict() error {
	if c.cmd.ProcessState.ExitCode() <= 0 {
		return errStartAnother
	}
	tail := c.tail()
	if tail == "" && c.cmd.ProcessState.ExitCode() == 1 && runtime.GOOS == "windows" { // what a kill looks like there
		return errStartAnother
	}
	if strings.Contains(strings.ToLower(tail), "another daemon instance is already running") {
		return errStartAnother
	}
	if tail == "" {
		tail = "it said nothing"
	}
	return wire.Errorf(wire.CodeUnavailable, "The daemon ended as soon as it was started (%v): %s (its log is %q).",
		c.cmd.ProcessState, strings.TrimSuffix(tail, "."), c.log)
}

// tail returns the last lines of the child's log as one, "" for none.
func (c *child) tail() string {
	f, err := os.Open(c.log)
	if err != nil {
		return "it left no log"
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return "its log cannot be read"
	}
	from := max(c.offset, end-maxTail)
	text, err := io.ReadAll(io.NewSectionReader(f, from, end-from))
	if err != nil {
		return "its log cannot be read"
	}
	lines := strings.Split(strings.TrimSpace(string(bytes.ToValidUTF8(text, nil))), "\n")
	lines = lines[max(0, len(lines)-3):]
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "; ")
}

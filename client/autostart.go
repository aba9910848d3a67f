package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/skylinedb/skylinedb/internal/oslock"
	"github.com/skylinedb/skylinedb/wire"
)

// daemonName is the daemon's program.
const daemonName = "skylinedb-daemon"

// errStartAnother says that the daemon which was started has ended and that
// the next one may do better: most often because another daemon was there, one
// that somebody started by hand or an old one that was just ending.
var errStartAnother = errors.New("the daemon that was started has ended")

// startDaemon starts a daemon unless somebody else does, and connects to it.
//
// Many clients may find no daemon at once. The start lock makes one of them
// the starter; it looks again, because the last starter may have been done
// just before it got the lock, and keeps the lock until the daemon answers.
// The others come back later and find the daemon.
func (c *Client) startDaemon(ctx context.Context) (*conn, error) {
	lock, err := oslock.Start(c.set.socket)
	if errors.Is(err, oslock.ErrLocked) {
		return nil, &passing{fmt.Errorf("another program is starting the daemon: %w", err)}
	}
	if err != nil {
		return nil, cannotStart(err)
	}
	defer lock.Unlock() // fails only where the lock is gone
	conn, err := c.dial(ctx)
	if !errors.Is(err, ErrNotRunning) {
		return conn, err
	}
	return c.startUntilAnswer(ctx)
}

// startUntilAnswer starts one daemon after the other until one answers. More
// than one is needed where an old daemon that is ending still holds the
// instance lock. The start lock is held.
func (c *Client) startUntilAnswer(ctx context.Context) (*conn, error) {
	startCtx, cancel := context.WithTimeout(ctx, c.timing.startFor)
	defer cancel()
	pauses := backoff{c.timing.backoff, c.timing.backoffMax}
	for {
		child, err := c.spawn()
		if err != nil {
			return nil, cannotStart(err)
		}
		conn, err := c.awaitAnswer(startCtx, child)
		if errors.Is(err, errStartAnother) {
			err = sleep(startCtx, pauses.duration())
			if err == nil {
				continue
			}
		}
		if err != nil && startCtx.Err() != nil && ctx.Err() == nil {
			err = &passing{fmt.Errorf("a daemon was started and does not answer; its log is %q", child.log)}
		}
		return conn, err
	}
}

func cannotStart(err error) error {
	return wire.Errorf(wire.CodeUnavailable, "No daemon is running and none can be started: %w.", &phrase{err})
}

// awaitAnswer connects to the daemon that was started, or to another one that
// is there instead, once the former has ended: one that comes up slowly, after
// the other has gone again, would stay though nobody wants it. It fails with
// errStartAnother if child has ended and another should be started.
func (c *Client) awaitAnswer(ctx context.Context, child *child) (*conn, error) {
	pauses := backoff{c.timing.backoff, c.timing.backoffMax}
	for {
		ended := child.ended()
		conn, err := c.dial(ctx)
		if err == nil && !ended {
			err = c.checkChild(ctx, conn, child)
		}
		switch {
		case err == nil || !isPassing(err):
			return conn, err
		case ended:
			return nil, child.verdict()
		}
		if err := child.sleep(ctx, pauses.duration()); err != nil {
			return nil, err
		}
	}
}

// checkChild closes the connection and fails unless the daemon behind it is
// child.
func (c *Client) checkChild(ctx context.Context, conn *conn, child *child) error {
	reply, err := c.firstReply(ctx, conn, wire.TypeStatus)
	if err == nil && (reply.DaemonStatus == nil || reply.PID != child.cmd.Process.Pid) {
		err = &passing{errors.New("another daemon answers than the one that was started")}
	}
	if err != nil {
		_ = conn.nc.Close() // err says more
	}
	return err
}

// spawn starts the daemon's program for this client's socket and directory.
func (c *Client) spawn() (*child, error) {
	path, err := c.findDaemon()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	dir := c.dir
	c.mu.Unlock()
	// Without this the system would say that the program does not exist.
	if file, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("look at the directory of the databases: %w", err)
	} else if !file.IsDir() {
		return nil, fmt.Errorf("%q is not a directory", dir)
	}
	args := append(c.set.args[:len(c.set.args):len(c.set.args)], "--socket", c.set.socket, dir)
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), c.set.env...)
	return startChild(cmd, c.set.socket)
}

// findDaemon returns the absolute path of the daemon's program.
func (c *Client) findDaemon() (string, error) {
	candidates := []string{c.set.daemon}
	if c.set.daemon == "" {
		candidates = besideProgram()
	}
	for _, name := range append(candidates, daemonName) {
		path, err := exec.LookPath(name)
		if err == nil {
			// The daemon starts in another directory, where a relative path
			// would be another file.
			return filepath.Abs(path)
		}
		if c.set.daemon != "" {
			return "", fmt.Errorf("find the daemon's program: %w", err)
		}
	}
	return "", fmt.Errorf("the program %s is neither beside this one nor in PATH: start it yourself, or set SKYLINEDB_DAEMON to its path", daemonName)
}

// besideProgram returns where the daemon's program may be installed together
// with the one that runs: also where the latter is called through a link.
func besideProgram() []string {
	self, err := os.Executable()
	if err != nil {
		return nil // PATH is left
	}
	name := daemonName
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	places := []string{filepath.Join(filepath.Dir(self), name)}
	if real, err := filepath.EvalSymlinks(self); err == nil && real != self {
		places = append(places, filepath.Join(filepath.Dir(real), name))
	}
	return places
}

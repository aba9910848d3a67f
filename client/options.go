package client

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/skylinedb/skylinedb/internal/config"
)

// Options say where the daemon is and what to do when there is none. The zero
// Options take everything from the environment (SKYLINEDB_SOCKET and so on)
// and from the defaults.
type Options struct {
	// Socket is where the daemon listens.
	Socket string
	// Dir is the directory that the daemon must serve: if another one is
	// served, each call fails with CodeDirMismatch. If neither Dir nor
	// SKYLINEDB_DIR is set, any directory will do, and a daemon that this
	// client starts serves the current one.
	Dir string
	// Daemon is the executable to start. By default it is the one beside the
	// running program, then the one in PATH.
	Daemon string
	// DaemonArgs are more arguments for a daemon that is started, before
	// --socket and the directory.
	DaemonArgs []string
	// DaemonEnv is added to this process's environment for a daemon that is
	// started, in the form KEY=value.
	DaemonEnv []string
	// NoAutostart keeps the client from starting a daemon. A call waits for
	// one that somebody else starts.
	NoAutostart bool
	// NoWait lets a call fail at once, with the cause [ErrNotRunning], where
	// no daemon listens. It implies NoAutostart.
	NoWait bool
	// MaxFrame is the size of the largest request, in bytes.
	MaxFrame int
	// Getenv reads the environment for what is left open here, and for the
	// daemon's own settings, which a daemon that is started gets as well. Nil
	// is [os.Getenv].
	Getenv func(string) string
}

// settings are the options with everything decided.
type settings struct {
	socket    string
	dir       string // absolute
	pinned    bool   // the daemon must serve dir
	daemon    string
	args, env []string
	autostart bool
	noWait    bool
	maxFrame  int
}

// resolve fills in what o leaves open.
func (o Options) resolve() (settings, error) {
	getenv := o.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	cfg, err := config.Load(getenv)
	if err != nil {
		return settings{}, fmt.Errorf("read the environment: %w", err)
	}
	s := settings{
		socket: cfg.Socket, dir: cfg.Dir, pinned: cfg.DirExplicit, daemon: cfg.Daemon,
		args: o.DaemonArgs, env: daemonEnv(getenv), autostart: cfg.Autostart && !o.NoAutostart && !o.NoWait,
		noWait: o.NoWait, maxFrame: cfg.MaxFrame,
	}
	if o.Socket != "" {
		s.socket = o.Socket
	}
	if o.Dir != "" {
		s.dir, s.pinned = o.Dir, true
	}
	if o.Daemon != "" {
		s.daemon = o.Daemon
	}
	if o.MaxFrame > 0 {
		s.maxFrame = o.MaxFrame
		s.env = append(s.env, fmt.Sprintf("SKYLINEDB_MAX_FRAME=%d", o.MaxFrame))
	}
	s.env = append(s.env, o.DaemonEnv...)
	return s, s.absolute()
}

// daemonEnv returns the daemon's settings that are set, as KEY=value.
func daemonEnv(getenv func(string) string) (env []string) {
	for _, s := range config.Settings() {
		if text := getenv(s.Env); s.Daemon && text != "" {
			env = append(env, s.Env+"="+text)
		}
	}
	return env
}

// absolute makes the paths independent of the current directory: the daemon
// has another one, and this process may change its own.
func (s *settings) absolute() (err error) {
	if s.dir, err = filepath.Abs(s.dir); err != nil {
		return fmt.Errorf("find the directory of the databases: %w", err)
	}
	if runtime.GOOS == "windows" {
		return nil // the name of a pipe is not a path in the file system
	}
	if s.socket, err = filepath.Abs(s.socket); err != nil {
		return fmt.Errorf("find the socket: %w", err)
	}
	return nil
}

// sameDir reports whether two paths lead to one directory. It asks the file
// system, for which a link or another case may be the same.
func sameDir(a, b string) bool {
	if a == b {
		return true
	}
	fa, errA := os.Stat(a)
	fb, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(fa, fb)
}

// timing holds the client's patience; tests have less of it.
type timing struct {
	handshake  time.Duration // for the first reply on a connection
	retryFor   time.Duration // of trouble, for a call whose context has no deadline
	startFor   time.Duration // for a daemon that was started to answer
	backoff    time.Duration // the first pause
	backoffMax time.Duration // the longest pause
}

var usualTiming = timing{
	handshake:  10 * time.Second,
	retryFor:   60 * time.Second,
	startFor:   20 * time.Second,
	backoff:    5 * time.Millisecond,
	backoffMax: 500 * time.Millisecond,
}

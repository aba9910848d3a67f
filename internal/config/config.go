package config

import (
	"log/slog"
	"time"
)

// Config holds the value of every setting. [Load] makes one; the zero value is
// not a usable configuration.
type Config struct {
	// Socket is where the daemon listens: the path of a Unix socket, or of a
	// named pipe on Windows.
	Socket string
	// Dir is the directory of the databases, as it was given: it may be
	// relative to the current directory.
	Dir string
	// DirExplicit says that Dir was given by flag or environment. A client
	// for which it was refuses a daemon that serves another directory.
	DirExplicit bool
	// WorkerIdle is how long a worker with nothing to do keeps its database
	// open; 0 is for ever.
	WorkerIdle time.Duration
	// RouterIdle is how long a daemon without workers and requests stays; 0
	// is for ever.
	RouterIdle time.Duration
	// Synchronous is SQLite's PRAGMA synchronous for commits, "normal" or
	// "full" (https://sqlite.org/pragma.html#pragma_synchronous).
	Synchronous string
	// ForeignKeys turns on PRAGMA foreign_keys for writes
	// (https://sqlite.org/pragma.html#pragma_foreign_keys).
	ForeignKeys bool
	// MaxFrame is the size of the largest message in bytes.
	MaxFrame int
	// LogLevel is the least level that is logged.
	LogLevel slog.Level
	// LogFormat is "text" or "json".
	LogFormat string
	// Daemon is the daemon's executable for a client that starts one. Empty
	// means the one beside the program, then the one in PATH.
	Daemon string
	// Autostart lets a client that finds no daemon start one.
	Autostart bool
}

// Load returns the defaults overridden by the environment, which getenv reads
// as [os.Getenv] does. The error names the faulty variable and what it allows.
func Load(getenv func(string) string) (Config, error) {
	var c Config
	for _, s := range settings {
		if s.Default != "" {
			if err := s.value.set(&c, s.Default); err != nil {
				return Config{}, s.fault("the default of "+s.Env, s.Default, err)
			}
		}
	}
	c.DirExplicit = false
	for _, s := range settings {
		if text := getenv(s.Env); text != "" {
			if err := s.value.set(&c, text); err != nil {
				return Config{}, s.fault(s.Env, text, err)
			}
		}
	}
	return c, nil
}

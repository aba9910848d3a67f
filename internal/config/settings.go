package config

import (
	"fmt"
	"slices"
)

// Setting is one thing that a user can set, and how.
type Setting struct {
	// Flag is the flag's name without dashes, empty where there is no flag.
	Flag string
	// Bare is what the flag means when it is given without a value, empty
	// where it needs one. It is pflag's NoOptDefVal.
	Bare string
	// Env is the environment variable.
	Env string
	// Default is the text of the default. It is the variable's default; of
	// Flag too, unless Negated.
	Default string
	// Negated says that the flag turns off what the variable turns on.
	Negated bool
	// Usage is one phrase for a help text.
	Usage string
	// Daemon and CLI say which of the two programs has the flag. The daemon
	// takes the directory as its argument instead; hand it to Set as well.
	Daemon, CLI bool

	value value
}

// settings is the table; its order is that of help texts.
var settings = []Setting{
	{Flag: "socket", Env: "SKYLINEDB_SOCKET", Default: DefaultSocket, Daemon: true, CLI: true,
		Usage: "where the daemon listens", value: socketValue{}},
	{Flag: "dir", Env: "SKYLINEDB_DIR", Default: ".", CLI: true,
		Usage: "directory of the databases", value: dirValue{}},
	{Flag: "worker-idle", Env: "SKYLINEDB_WORKER_IDLE", Default: "5m", Daemon: true, CLI: true,
		Usage: "close a database after this long without use, 0 = never", value: durationValue{workerIdle}},
	{Flag: "router-idle", Env: "SKYLINEDB_ROUTER_IDLE", Default: "30m", Daemon: true, CLI: true,
		Usage: "end the daemon after this long without use, 0 = never", value: durationValue{routerIdle}},
	{Flag: "synchronous", Env: "SKYLINEDB_SYNCHRONOUS", Default: "normal", Daemon: true, CLI: true,
		Usage: "how far a commit goes before it is answered, normal or full", value: wordValue{synchronous, []string{"normal", "full"}}},
	{Flag: "foreign-keys", Bare: "on", Env: "SKYLINEDB_FOREIGN_KEYS", Default: "off", Daemon: true, CLI: true,
		Usage: "enforce foreign keys, on or off", value: boolValue{foreignKeys}},
	{Flag: "max-frame", Env: "SKYLINEDB_MAX_FRAME", Default: "16MiB", Daemon: true, CLI: true,
		Usage: "largest message", value: sizeValue{maxFrame}},
	{Flag: "log-level", Env: "SKYLINEDB_LOG", Default: "info", Daemon: true, CLI: true,
		Usage: "least level to log, debug, info, warn or error", value: levelValue{}},
	{Flag: "log-format", Env: "SKYLINEDB_LOG_FORMAT", Default: "text", Daemon: true, CLI: true,
		Usage: "form of the log, text or json", value: wordValue{logFormat, []string{"text", "json"}}},
	{Env: "SKYLINEDB_DAEMON",
		Usage: "the daemon's executable; by default beside the program, then in PATH", value: daemonValue{}},
	{Flag: "no-autostart", Bare: "on", Negated: true, Env: "SKYLINEDB_AUTOSTART", Default: "on", CLI: true,
		Usage: "do not start a daemon", value: boolValue{autostart}},
}

// Settings returns every setting in the order of a help text.
func Settings() []Setting { return slices.Clone(settings) }

// Lookup returns the setting with the flag of that name.
func Lookup(flag string) (Setting, bool) {
	i := slices.IndexFunc(settings, func(s Setting) bool { return s.Flag == flag && flag != "" })
	if i < 0 {
		return Setting{}, false
	}
	return settings[i], true
}

// Set applies the text that the flag was given to c. The error names the flag
// and what it allows; c is unchanged then.
func (s Setting) Set(c *Config, text string) error {
	source := "--" + s.Flag
	if !s.Negated {
		if err := s.value.set(c, text); err != nil {
			return s.fault(source, text, err)
		}
		return nil
	}
	off, err := parseBool(text)
	if err != nil {
		return s.fault(source, text, err)
	}
	return s.value.set(c, formatBool(!off))
}

// Text returns the setting's value in c as the variable would be given it: a
// program that starts another hands its settings on as Env=Text. Empty means
// that there is nothing to hand on.
func (s Setting) Text(c Config) string { return s.value.text(&c) }

// fault makes the sentence that a user reads. err is what the source allows.
func (s Setting) fault(source, text string, err error) error {
	return fmt.Errorf("%s cannot be %q: %w", source, text, err)
}

package config_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/internal/config"
)

// environment returns a getenv that knows the pairs of names and texts only.
func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func mustLoad(t *testing.T, pairs ...string) config.Config {
	t.Helper()
	c, err := config.Load(environment(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustLookup(t *testing.T, flag string) config.Setting {
	t.Helper()
	s, ok := config.Lookup(flag)
	if !ok {
		t.Fatalf("no setting with the flag %q", flag)
	}
	return s
}

func TestLoadDefaults(t *testing.T) {
	want := config.Config{
		Socket: config.DefaultSocket, Dir: ".",
		WorkerIdle: 5 * time.Minute, RouterIdle: 30 * time.Minute,
		Synchronous: "normal", MaxFrame: 16 << 20,
		LogLevel: slog.LevelInfo, LogFormat: "text", Autostart: true,
	}
	if diff := cmp.Diff(want, mustLoad(t)); diff != "" {
		t.Error(diff)
	}
}

func TestLoadEnvironment(t *testing.T) {
	got := mustLoad(t,
		"SKYLINEDB_SOCKET", "/tmp/x", "SKYLINEDB_DIR", "/data",
		"SKYLINEDB_WORKER_IDLE", "0", "SKYLINEDB_ROUTER_IDLE", "1h30m",
		"SKYLINEDB_SYNCHRONOUS", "FULL", "SKYLINEDB_FOREIGN_KEYS", "1",
		"SKYLINEDB_MAX_FRAME", "64KiB", "SKYLINEDB_LOG", "warn", "SKYLINEDB_LOG_FORMAT", "json",
		"SKYLINEDB_DAEMON", "/opt/daemon", "SKYLINEDB_AUTOSTART", "0")
	want := config.Config{
		Socket: "/tmp/x", Dir: "/data", DirExplicit: true,
		RouterIdle: 90 * time.Minute, Synchronous: "full", ForeignKeys: true,
		MaxFrame: 64 << 10, LogLevel: slog.LevelWarn, LogFormat: "json", Daemon: "/opt/daemon",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFlagGoesBeforeEnvironment(t *testing.T) {
	c := mustLoad(t, "SKYLINEDB_SYNCHRONOUS", "full", "SKYLINEDB_LOG", "error")
	if err := mustLookup(t, "synchronous").Set(&c, "normal"); err != nil {
		t.Fatal(err)
	}
	if c.Synchronous != "normal" || c.LogLevel != slog.LevelError {
		t.Errorf("got synchronous %q, log level %v", c.Synchronous, c.LogLevel)
	}
}

func TestDirFlagIsExplicit(t *testing.T) {
	c := mustLoad(t)
	if err := mustLookup(t, "dir").Set(&c, "."); err != nil {
		t.Fatal(err)
	}
	if c.Dir != "." || !c.DirExplicit {
		t.Errorf("got dir %q, explicit %v", c.Dir, c.DirExplicit)
	}
}

func TestNoAutostart(t *testing.T) {
	s := mustLookup(t, "no-autostart")
	for text, want := range map[string]bool{s.Bare: false, "true": false, "off": true} {
		c := mustLoad(t, "SKYLINEDB_AUTOSTART", "on")
		if err := s.Set(&c, text); err != nil {
			t.Fatal(err)
		}
		if c.Autostart != want {
			t.Errorf("--no-autostart=%s: autostart %v, want %v", text, c.Autostart, want)
		}
	}
}

func TestFaults(t *testing.T) {
	tests := []struct{ flag, env, text, allowed string }{
		{"worker-idle", "SKYLINEDB_WORKER_IDLE", "-1s", "0 for never"},
		{"router-idle", "SKYLINEDB_ROUTER_IDLE", "5", "5m"},
		{"synchronous", "SKYLINEDB_SYNCHRONOUS", "off", "normal or full"},
		{"foreign-keys", "SKYLINEDB_FOREIGN_KEYS", "maybe", "on, true, yes or 1"},
		{"max-frame", "SKYLINEDB_MAX_FRAME", "2GiB", "from 1KiB to 1GiB"},
		{"log-level", "SKYLINEDB_LOG", "loud", "debug, info, warn or error"},
		{"log-format", "SKYLINEDB_LOG_FORMAT", "xml", "text or json"},
		{"no-autostart", "SKYLINEDB_AUTOSTART", "2", "off, false, no or 0"},
	}
	for _, test := range tests {
		t.Run(test.flag, func(t *testing.T) {
			c := mustLoad(t)
			err := mustLookup(t, test.flag).Set(&c, test.text)
			wantSentence(t, err, "--"+test.flag, test.text, test.allowed)
			if diff := cmp.Diff(mustLoad(t), c); diff != "" {
				t.Errorf("a refused text changed the configuration: %s", diff)
			}
			_, err = config.Load(environment(test.env, test.text))
			wantSentence(t, err, test.env, test.text, test.allowed)
		})
	}
	for _, flag := range []string{"socket", "dir"} {
		c := mustLoad(t)
		wantSentence(t, mustLookup(t, flag).Set(&c, ""), "--"+flag, "path")
	}
}

func wantSentence(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q is more than one line", err)
	}
}

// What Text says, another program makes the same configuration of.
func TestTextRoundTrip(t *testing.T) {
	c := mustLoad(t, "SKYLINEDB_MAX_FRAME", "1025", "SKYLINEDB_WORKER_IDLE", "1500ms", "SKYLINEDB_AUTOSTART", "no",
		"SKYLINEDB_DIR", "d", "SKYLINEDB_LOG", "debug", "SKYLINEDB_DAEMON", "x", "SKYLINEDB_FOREIGN_KEYS", "yes")
	var pairs []string
	for _, s := range config.Settings() {
		pairs = append(pairs, s.Env, s.Text(c))
	}
	if diff := cmp.Diff(c, mustLoad(t, pairs...)); diff != "" {
		t.Error(diff)
	}
}

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range config.Settings() {
		if seen[s.Env] || seen[s.Flag] {
			t.Errorf("flag %q or variable %q is there twice", s.Flag, s.Env)
		}
		seen[s.Env], seen[s.Flag] = true, true
		if s.Usage == "" || !strings.HasPrefix(s.Env, "SKYLINEDB_") {
			t.Errorf("incomplete: %+v", s)
		}
		if (s.Flag != "") != (s.Daemon || s.CLI) {
			t.Errorf("%s: a flag belongs to a program", s.Env)
		}
	}
	if _, ok := config.Lookup(""); ok {
		t.Error("a setting without a flag was found by the empty name")
	}
}

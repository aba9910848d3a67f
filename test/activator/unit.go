package activator

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// units is what the activator does of the unit files.
type units struct {
	listen string      // ListenStream=
	mode   os.FileMode // SocketMode=
	env    []string    // Environment=
	pre    []string    // ExecStartPre= of the service
	start  []string    // ExecStart=
}

// readUnits reads both units in a folder. It knows no line that is continued
// and no quotes, which they have none of.
func readUnits(t testing.TB, dir, home string) units {
	t.Helper()
	socket, service := readUnit(t, filepath.Join(dir, "skylinedb.socket")), readUnit(t, filepath.Join(dir, "skylinedb.service"))
	mode, err := strconv.ParseUint(socket("SocketMode"), 8, 32)
	if err != nil {
		t.Fatalf("SocketMode=: %v", err)
	}
	if typ := service("Type"); typ != "notify" {
		t.Fatalf("Type=%s, want notify", typ)
	}
	u := units{
		listen: socket("ListenStream"), mode: os.FileMode(mode),
		env:   strings.Fields(strings.ReplaceAll(service("Environment"), "%h", home)),
		pre:   strings.Fields(service("ExecStartPre")),
		start: strings.Fields(service("ExecStart")),
	}
	if u.listen == "" || len(u.start) == 0 {
		t.Fatalf("the units say nothing of use: %+v", u)
	}
	return u
}

// readUnit returns a function that finds the last value of a key.
func readUnit(t testing.TB, file string) func(key string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			values[key] = value
		}
	}
	return func(key string) string { return values[key] }
}

// expand replaces ${NAME} by its value in env.
func expand(args, env []string) []string {
	expanded := make([]string, len(args))
	for i, arg := range args {
		expanded[i] = os.Expand(arg, func(name string) string {
			for _, pair := range env {
				if value, ok := strings.CutPrefix(pair, name+"="); ok {
					return value
				}
			}
			return fmt.Sprintf("(no %s)", name)
		})
	}
	return expanded
}

//go:build unix

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// The socket is the user's alone, whatever the umask.
func TestSocketMode(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	for path, want := range map[string]os.FileMode{d.Socket: os.ModeSocket | 0o600, d.Socket + ".lock": 0o600} {
		file, err := os.Lstat(path)
		if err != nil || file.Mode() != want {
			t.Errorf("%s: %v, %v, want %v", path, file.Mode(), err, want)
		}
	}
}

// What stands in the place of the socket and is none is not removed.
func TestSocketPathTaken(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(path string) error{
		"file":   func(path string) error { return os.WriteFile(path, []byte("precious"), 0o600) },
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":   func(path string) error { return os.Symlink("/nowhere", path) },
	} {
		t.Run(name, func(t *testing.T) {
			socket := filepath.Join(harness.Dir(t), "s")
			if err := take(socket); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(socket)
			if err != nil {
				t.Fatal(err)
			}
			status, says := harness.RunToEnd(t, harness.Config{Socket: socket})
			if status != 1 || !strings.Contains(says, socket) {
				t.Errorf("got status %d and %q, want 1 and a sentence with the path", status, says)
			}
			if after, err := os.Lstat(socket); err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() || after.Size() != before.Size() {
				t.Errorf("it did not survive: %v, %v", after, err)
			}
		})
	}
}

// A path that is too long for a socket is refused with a sentence.
func TestSocketPathTooLong(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(harness.Dir(t), strings.Repeat("x", 120))
	if status, says := harness.RunToEnd(t, harness.Config{Socket: socket}); status != 1 || !strings.Contains(says, "too long") {
		t.Errorf("got status %d and %q", status, says)
	}
}

// The socket that a killed daemon left does not keep the next one from
// starting.
func TestStaleSocket(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	d.Crash()
	if !harness.Listening(t, d.Socket) {
		t.Fatal("the killed daemon left no socket")
	}
	d.Restart()
	d.Dial().OK(harness.Command(wire.TypePing, ""))
}

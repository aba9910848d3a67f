//go:build unix

package daemon

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder makes a directory of that mode, whatever the umask.
func folder(t *testing.T, mode fs.FileMode) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

// warnings returns what is logged about two directories.
func warnings(databases, socketDir string) string {
	var text bytes.Buffer
	warnOfOpenFolders(slog.New(slog.NewTextHandler(&text, nil)), databases, filepath.Join(socketDir, "s"))
	return text.String()
}

// wantOne checks that a log is one warning that holds everything given.
func wantOne(t *testing.T, log string, parts ...string) {
	t.Helper()
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, "level=WARN") {
		t.Errorf("got %q, want one warning", log)
	}
	for _, part := range parts {
		if !strings.Contains(log, part) {
			t.Errorf("got %q, want %q in it", log, part)
		}
	}
}

func TestOpenFolders(t *testing.T) {
	private := folder(t, 0o755)
	for mode, text := range map[fs.FileMode]string{0o777: "0777", 0o775: "0775", 0o702: "0702"} {
		open := folder(t, mode)
		wantOne(t, warnings(open, private), "databases", "dir="+open, "mode="+text, "chmod go-w")
		wantOne(t, warnings(private, open), "socket", "dir="+open, "mode="+text, "chmod go-w")
		wantOne(t, warnings(open, open), "databases", "dir="+open)
	}
}

func TestFoldersThatAreNotOpen(t *testing.T) {
	sticky := folder(t, 0o777|fs.ModeSticky)
	for _, mode := range []fs.FileMode{0o700, 0o755, 0o711} {
		private := folder(t, mode)
		for _, socketDir := range []string{private, sticky, filepath.Join(private, "none")} {
			if log := warnings(private, socketDir); log != "" {
				t.Errorf("databases in %v, socket in %s: %s", mode, socketDir, log)
			}
		}
	}
	log := warnings(sticky, sticky)
	wantOne(t, log, "databases", "mode=01777", "of your own")
	if strings.Contains(log, "chmod") {
		t.Errorf("a sticky directory is everybody's, and the log says %q", log)
	}
}

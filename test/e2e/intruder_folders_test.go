//go:build unix

package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

// folderIn makes a folder of that mode in a test's own.
func folderIn(t *testing.T, mode fs.FileMode) string {
	t.Helper()
	dir := harness.Dir(t)
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Directories that others may write to are told at the start, once, and in a
// way that says what to do; and not those that are as they should be.
func TestOpenFolders(t *testing.T) {
	t.Parallel()
	const open, shut, tmp = fs.FileMode(0o775), fs.FileMode(0o755), 0o777 | fs.ModeSticky
	for _, test := range []struct {
		databases, socket fs.FileMode
		told              []string // the modes
	}{
		{shut, shut, nil},
		{shut, tmp, nil},
		{open, shut, []string{"0775"}},
		{shut, open, []string{"0775"}},
		{open, open, []string{"0775", "0775"}},
		{tmp, tmp, []string{"01777"}},
	} {
		dir, socket := folderIn(t, test.databases), filepath.Join(folderIn(t, test.socket), "s")
		d := harness.Start(t, harness.Config{Dir: dir, Socket: socket})
		for range 2 {
			d.Dial().OK(harness.Batch("a.db", `CREATE TABLE IF NOT EXISTS t(x)`))
		}
		d.Shutdown()
		var warnings []string
		for line := range strings.Lines(d.Log()) {
			if strings.Contains(line, "level=WARN") {
				warnings = append(warnings, line)
			}
		}
		if len(warnings) != len(test.told) {
			t.Errorf("databases in %v, socket in %v: %d warnings, want %d: %q", test.databases, test.socket, len(warnings), len(test.told), warnings)
			continue
		}
		for n, mode := range test.told {
			named := strings.Contains(warnings[n], "dir="+dir) || strings.Contains(warnings[n], "dir="+filepath.Dir(socket))
			if !named || !strings.Contains(warnings[n], "mode="+mode) || strings.Contains(warnings[n], "chmod go-w") != (mode == "0775") {
				t.Errorf("databases in %v, socket in %v: %s", test.databases, test.socket, warnings[n])
			}
		}
	}
}

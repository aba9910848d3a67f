package mutation

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPlantedBugs plants each bug by itself.
func TestPlantedBugs(t *testing.T) {
	if testing.Short() {
		t.Skip("each bug is a build of its own")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			if b.asRoot && os.Geteuid() != 0 {
				t.Skip("only root can start processes of another user")
			}
			out, err := run(root, plant(t, root, b), b)
			if err == nil {
				t.Fatalf("%s of %s does not notice it:\n%s", b.test, b.pkg, out)
			}
			if line := finding(out, regexp.MustCompile(b.finding)); line != "" {
				t.Log(strings.TrimSpace(line))
			} else {
				t.Fatalf("%s of %s fails with something else than %q:\n%s", b.test, b.pkg, b.finding, out)
			}
		})
	}
}

// plant writes the file that has the bug and returns the overlay that puts it
// in place.
func plant(t *testing.T, root string, b bug) string {
	t.Helper()
	file, dir := filepath.Join(root, filepath.FromSlash(b.file)), t.TempDir()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), b.old); n != 1 {
		t.Fatalf("%s has the place for the bug %d times, want once:\n%s", b.file, n, b.old)
	}
	mutant, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {file: mutant}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{mutant: strings.Replace(string(source), b.old, b.new, 1), overlay: string(text)} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return overlay
}

// run runs the machine on the source with the bug. The overlay is for the
// programs, too, that the machine builds.
func run(root, overlay string, b bug) (string, error) {
	cmd := exec.Command("go", "test", "-count=1", "-failfast", "-vet=off", "-run", "^"+b.test+"$", "./"+b.pkg)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOFLAGS=-overlay="+overlay)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// finding returns the first line that matches.
func finding(out string, words *regexp.Regexp) string {
	for line := range strings.Lines(out) {
		if words.MatchString(line) {
			return line
		}
	}
	return ""
}

package e2e

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// readmeDir is the directory of README.md's examples.
const readmeDir = "/home/ada/app/"

var (
	readmeTour    = regexp.MustCompile("(?s)## A short tour\n\n```sh\n(.*?)```")
	readmeRequest = regexp.MustCompile("```json\n(.*)\n```")
	readmeReply   = regexp.MustCompile("`({\"status\":.*),…}`")
	shellWord     = regexp.MustCompile(`"[^"]*"|\S+`)
)

// readme returns what README.md has between the parentheses of a pattern.
func readme(t *testing.T, pattern *regexp.Regexp) string {
	t.Helper()
	match := pattern.FindStringSubmatch(readFile(t, filepath.Join("..", "..", "README.md")))
	if match == nil {
		t.Fatalf("README.md has nothing like %s", pattern)
	}
	return match[1]
}

// The tour in README.md, as it is written, and what it says that comes of it.
func TestReadmeTour(t *testing.T) {
	t.Parallel()
	o := harness.Autostart(t)
	sh := shell{t: t, socket: o.Socket, dir: o.Dir}
	said, steps := "", 0
	for line := range strings.SplitSeq(readme(t, readmeTour), "\n") {
		switch comment, ok := strings.CutPrefix(line, "# "); {
		case ok:
			want := strings.ReplaceAll(comment, readmeDir, o.Dir+string(filepath.Separator)) + "\n"
			if said != want {
				t.Errorf("step %d says %q, want %q", steps, said, want)
			}
		case line != "" && !strings.Contains(line, "go install"): // the harness has built the programs
			said = follow(t, sh, line)
			steps++
		}
	}
	if steps != 6 {
		t.Errorf("the tour has %d steps", steps)
	}
	wantOneDaemon(t, o)
	wantRows(t, filepath.Join(o.Dir, "galaxy.db"), `SELECT group_concat(id || ' ' || name) FROM stars`, "1 Sirius")
}

// follow runs a command of the tour, which must succeed, and returns what it
// says.
func follow(t *testing.T, sh shell, line string) string {
	t.Helper()
	words := shellWord.FindAllString(line, -1)
	for i, word := range words {
		words[i] = strings.Trim(word, `"`)
	}
	var got result
	switch path, err := exec.LookPath(words[0]); {
	case words[0] == "skylinedb-cli":
		got = sh.run(words[1:]...)
	case err == nil:
		cmd := exec.CommandContext(patient(t), path, words[1:]...)
		cmd.Dir = sh.dir
		got = finish(t, cmd)
	case words[0] == "sqlite3": // it is not on every machine
		reader := harness.Open(t, filepath.Join(sh.dir, words[2]), "ro")
		defer reader.Close()
		got.Out = reader.Text(words[3]) + "\n"
	default:
		t.Fatal(err)
	}
	if got.Status != 0 || got.Err != "" {
		t.Fatalf("%s: %+v", line, got)
	}
	return got.Out
}

// The request in README.md gets the reply of which a part stands there.
func TestReadmeRequest(t *testing.T) {
	t.Parallel()
	c := harness.Start(t, harness.Config{}).Dial()
	c.OK(harness.Batch("galaxy.db", `CREATE TABLE stars(id INTEGER PRIMARY KEY, name TEXT)`))
	for range 2 {
		c.OK(harness.Batch("galaxy.db", `INSERT INTO stars(name) VALUES('Sirius')`))
	}
	want, err := wire.ParseReply([]byte(readme(t, readmeReply) + "}"))
	if err != nil {
		t.Fatal(err)
	}
	got := c.OK(readme(t, readmeRequest))
	if *got.Rev != *want.Rev || *got.RowsAffected != *want.RowsAffected {
		t.Errorf("got rev %d and %d rows, want %d and %d", *got.Rev, *got.RowsAffected, *want.Rev, *want.RowsAffected)
	}
}

//go:build unix

package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/internal/config"
)

// serviceFile returns one of the service files for a system.
func serviceFile(t *testing.T, os, name string) []byte {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	r := release{root: root}
	files, err := r.texts("packaging", services[os])
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.name == name {
			return f.data
		}
	}
	t.Fatalf("%s has no %s", os, name)
	return nil
}

// systemd listens where clients look.
func TestSocketUnit(t *testing.T) {
	unit := string(serviceFile(t, "linux", "systemd/skylinedb.socket"))
	if !strings.Contains(unit, "\nListenStream="+config.DefaultSocket+"\n") {
		t.Errorf("the socket is not %s:\n%s", config.DefaultSocket, unit)
	}
}

// The agent's shell makes the folders, whatever is in the home's name, and
// gives its place to the daemon.
func TestAgent(t *testing.T) {
	var texts []string // of the strings in the file
	d := xml.NewDecoder(bytes.NewReader(serviceFile(t, "darwin", "launchd/com.skylinedb.daemon.plist")))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "string" {
			var text string
			if err := d.DecodeElement(&text, &start); err != nil {
				t.Fatal(err)
			}
			texts = append(texts, text)
		}
	}
	if len(texts) != 4 || texts[0] != "com.skylinedb.daemon" {
		t.Fatalf("the file's strings are %q", texts)
	}
	home := filepath.Join(t.TempDir(), "Ada's \"$HOME\"")
	script := strings.Replace(texts[3], "/usr/local/bin/skylinedb-daemon", "printf '%s\\n'", 1)
	cmd := exec.Command(texts[1], texts[2], script)
	cmd.Env = []string{"HOME=" + home, "PATH=/usr/bin:/bin"}
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v, %q", err, out)
	}
	dir := filepath.Join(home, "Library", "Application Support", "SkylineDB")
	if got, want := string(mustRead(t, filepath.Join(home, "Library", "Logs", "skylinedb", "daemon.log"))), "--router-idle=0\n"+dir+"\n"; got != want {
		t.Errorf("the daemon is given %q, want %q", got, want)
	}
}

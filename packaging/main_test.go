package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// tested are the systems that tests build for: one with a package, one with a
// zip.
var tested = []target{{"linux", "amd64"}, {"windows", "amd64"}}

// kept2026 is a time for what is built by tests.
const kept2026 = "1780000000"

var scratch string // a folder for the whole run

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "packaging-test"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(scratch)
	os.Exit(status)
}

// built is the folder of a release that all tests look at.
var built = sync.OnceValues(func() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(scratch, "built")
	at, err := epoch(root, func(string) string { return kept2026 })
	if err != nil {
		return "", err
	}
	r := release{root: root, out: dir, targets: tested, time: at, log: io.Discard}
	return dir, r.build()
})

func mustBuild(t *testing.T) string {
	t.Helper()
	dir, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// A second build of the same source lies in another folder, is done by a user
// with other habits, and finds the time by itself.
func TestSameBytes(t *testing.T) {
	first := mustBuild(t)
	root := copySource(t)
	out := filepath.Join(t.TempDir(), "elsewhere")
	t.Chdir(root)
	for name, value := range map[string]string{
		"SOURCE_DATE_EPOCH": kept2026,
		"GOFLAGS":           "-tags=netgo -ldflags=-s", "GOAMD64": "v3", "CGO_ENABLED": "1", "GOWORK": "off",
		"TZ": "Asia/Tokyo", "LC_ALL": "tr_TR.UTF-8", "USER": "ada", "SKYLINEDB_MAX_FRAME": "wrong",
	} {
		t.Setenv(name, value)
	}
	defer setUmask(0o077)()
	if err := run(out, "linux/amd64,windows/amd64", nil); err != nil {
		t.Fatal(err)
	}
	compared := 0
	err := fs.WalkDir(os.DirFS(first), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		compared++
		if !bytes.Equal(mustRead(t, filepath.Join(first, name)), mustRead(t, filepath.Join(out, name))) {
			t.Errorf("%s is not the same", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := 2*len(programs) + 3 + 1; compared != want {
		t.Errorf("%d files were compared, want %d", compared, want)
	}
}

// copySource returns a copy of what is built from. All modes in it are others,
// and the ends of lines of one text are those of Windows.
func copySource(t *testing.T) string {
	t.Helper()
	from, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "a copy")
	for _, name := range []string{"go.mod", "go.sum", "README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE"} {
		write(t, filepath.Join(to, name), mustRead(t, filepath.Join(from, name)))
	}
	for _, folder := range []string{"cmd", "internal", "client", "wire", "docs", "packaging"} {
		source := os.DirFS(filepath.Join(from, folder))
		err := fs.WalkDir(source, ".", func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				write(t, filepath.Join(to, folder, name), mustRead(t, filepath.Join(from, folder, name)))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	readme := filepath.Join(to, "README.md")
	write(t, readme, bytes.ReplaceAll(mustRead(t, readme), []byte("\n"), []byte("\r\n")))
	return to
}

func TestErrors(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	wantSentence(t, run(t.TempDir(), "", nil), "SOURCE_DATE_EPOCH", "yesterday", "seconds")
	wantSentence(t, run(t.TempDir(), "linux/amd64,plan9/386", nil), "--only", "plan9/386", "darwin/arm64")
	wantSentence(t, run(t.TempDir(), "", []string{"all"}), "all", "--only")
	t.Chdir(t.TempDir())
	wantSentence(t, run(t.TempDir(), "", nil), "clone")
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

func TestEpoch(t *testing.T) {
	none := func(string) string { return "" }
	if at, err := epoch(t.TempDir(), none); err != nil || at != withoutGit {
		t.Errorf("without git: %d, %v, want %d", at, err, withoutGit)
	}
	for _, text := range []string{"-1", "4294967296", "1.5", " 1"} {
		if at, err := epoch("", func(string) string { return text }); err == nil {
			t.Errorf("%q was read as %d", text, at)
		}
	}
}

func TestParseTargets(t *testing.T) {
	got, err := parseTargets("windows/arm64,linux/amd64,windows/arm64")
	if err != nil || fmt.Sprint(got) != "[windows/arm64 linux/amd64]" {
		t.Errorf("got %v, %v", got, err)
	}
	if all, err := parseTargets(""); err != nil || len(all) != 6 {
		t.Errorf("got %v, %v, want all six", all, err)
	}
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// write makes the folders too.
func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

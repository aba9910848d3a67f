package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// contents returns the names that an archive for a system has, with the modes.
func contents(t *testing.T, folder string, programs, services []string) []string {
	t.Helper()
	names := []string{
		"CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "THIRD-PARTY.txt",
		"completions/bash/skylinedb-cli", "completions/bash/skylinedb-daemon",
		"completions/fish/skylinedb-cli.fish", "completions/fish/skylinedb-daemon.fish",
		"completions/powershell/skylinedb-cli.ps1", "completions/powershell/skylinedb-daemon.ps1",
		"completions/zsh/_skylinedb-cli", "completions/zsh/_skylinedb-daemon",
	}
	docs, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		names = append(names, "docs/"+filepath.Base(doc))
	}
	lines := []string{}
	for _, name := range append(names, services...) {
		lines = append(lines, "-rw-r--r-- "+folder+"/"+name)
	}
	for _, name := range programs {
		lines = append(lines, "-rwxr-xr-x "+folder+"/"+name)
	}
	return lines
}

func TestTar(t *testing.T) {
	folder := name + "_linux_amd64"
	want := contents(t, folder, programs, []string{"systemd/skylinedb.service", "systemd/skylinedb.socket"})
	for _, dir := range []string{"", "completions/", "completions/bash/", "completions/fish/", "completions/powershell/", "completions/zsh/", "docs/", "systemd/"} {
		want = append(want, "drwxr-xr-x "+folder+"/"+dir)
	}
	got := []string{}
	for _, h := range readTar(t, mustRead(t, filepath.Join(mustBuild(t), folder+".tar.gz"))) {
		got = append(got, fmt.Sprint(h.FileInfo().Mode(), " ", h.Name))
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "root" || fmt.Sprint(h.ModTime.Unix()) != kept2026 {
			t.Errorf("%s: %d (%s), %d, %v", h.Name, h.Uid, h.Uname, h.Gid, h.ModTime)
		}
	}
	wantSame(t, want, got)
}

func readTar(t *testing.T, data []byte) (headers []*tar.Header) {
	t.Helper()
	packed, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(packed); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return headers
		}
		if err != nil {
			t.Fatal(err)
		}
		headers = append(headers, h)
	}
}

func TestZip(t *testing.T) {
	folder := name + "_windows_amd64"
	r, err := zip.OpenReader(filepath.Join(mustBuild(t), folder+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := []string{}
	for _, f := range r.File {
		got = append(got, fmt.Sprint(f.Mode(), " ", f.Name))
		if fmt.Sprint(f.Modified.Unix()) != kept2026 {
			t.Errorf("%s: %v", f.Name, f.Modified)
		}
	}
	wantSame(t, contents(t, folder, []string{"skylinedb-daemon.exe", "skylinedb-cli.exe"}, nil), got)
}

// Zip knows no time before 1980.
func TestEarlyZip(t *testing.T) {
	data, err := zipFiles("a", []file{{"b", 0o644, []byte("c")}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if at := r.File[0].Modified.UTC(); at.Year() != 1980 {
		t.Errorf("got %v", at)
	}
}

func wantSame(t *testing.T, want, got []string) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSums(t *testing.T) {
	dir := mustBuild(t)
	want := []string{name + "_amd64.deb", name + "_linux_amd64.tar.gz", name + "_windows_amd64.zip"}
	got := []string{}
	for line := range strings.Lines(string(mustRead(t, filepath.Join(dir, "SHA256SUMS")))) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		got = append(got, name)
		if fmt.Sprintf("%x", sha256.Sum256(mustRead(t, filepath.Join(dir, name)))) != sum {
			t.Errorf("the sum of %s is wrong", name)
		}
	}
	wantSame(t, want, got)
	cmd := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	cmd.Dir = dir
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Skip("sha256sum is not installed")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
}

// Each shell that is installed reads what is meant for it.
func TestCompletions(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	r := release{root: root}
	files, err := r.completions()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 4*len(programs) {
		t.Fatalf("%d files, want %d", len(files), 4*len(programs))
	}
	dir := t.TempDir()
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		write(t, path, f.data)
		if !bytes.Contains(f.data, []byte("skylinedb-")) {
			t.Errorf("%s knows no program: %q", f.name, f.data)
		}
		shell := strings.Split(f.name, "/")[1]
		if _, err := exec.LookPath(shell); err != nil || shell == "powershell" {
			continue
		}
		if out, err := exec.Command(shell, "-n", path).CombinedOutput(); err != nil {
			t.Errorf("%s -n %s: %v\n%s", shell, f.name, err, out)
		}
	}
}

// Whoever gets a program gets the licences of what is in it.
func TestThirdParty(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	r := release{root: root}
	for _, target := range tested {
		f, err := r.thirdParty(target)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"==== github.com/spf13/cobra v", "Apache License", "==== github.com/ncruces/go-sqlite3 v", "and the Go standard library", "The Go Authors"} {
			if !bytes.Contains(f.data, []byte(want)) {
				t.Errorf("%s: no %q", target, want)
			}
		}
		if has := bytes.Contains(f.data, []byte("go-winio")); has != (target.os == "windows") {
			t.Errorf("%s: go-winio is told: %v", target, has)
		}
	}
	empty := t.TempDir()
	if err := os.WriteFile(filepath.Join(empty, "README"), nil, fs.ModePerm); err != nil {
		t.Fatal(err)
	}
	if text, err := licenceIn(empty); err == nil {
		t.Errorf("a folder without a licence has %q", text)
	}
}

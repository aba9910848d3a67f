package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/internal/config"
)

func TestDeb(t *testing.T) {
	needDpkg(t)
	deb := filepath.Join(mustBuild(t), name+"_amd64.deb")
	info := output(t, "dpkg-deb", "--info", deb)
	for _, want := range []string{"Package: skylinedb\n", "Version: " + config.Version + "\n", "Architecture: amd64\n", "Section: database\n", "Priority: optional\n", "Maintainer: SkylineDB "} {
		if !strings.Contains(info, " "+want) {
			t.Errorf("%q is not in\n%s", want, info)
		}
	}
	want := []string{}
	for line := range strings.Lines(debContents) {
		want = append(want, strings.TrimSpace(line))
	}
	docs, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		want = append(want, "-rw-r--r-- root/root ./usr/share/doc/skylinedb/docs/"+filepath.Base(doc))
	}
	listed := regexp.MustCompile(`(?m)^(\S+) (\S+) .* (\./\S*)$`).FindAllStringSubmatch(output(t, "dpkg-deb", "--contents", deb), -1)
	got := []string{}
	for _, l := range listed {
		if !strings.HasSuffix(l[3], "/") || l[1] != "drwxr-xr-x" { // folders follow from the files
			got = append(got, strings.Join(l[1:], " "))
		}
	}
	wantSame(t, want, got)
}

const debContents = `-rwxr-xr-x root/root ./usr/bin/skylinedb-cli
	-rwxr-xr-x root/root ./usr/bin/skylinedb-daemon
	-rw-r--r-- root/root ./usr/lib/systemd/user/skylinedb.service
	-rw-r--r-- root/root ./usr/lib/systemd/user/skylinedb.socket
	-rw-r--r-- root/root ./usr/share/bash-completion/completions/skylinedb-cli
	-rw-r--r-- root/root ./usr/share/bash-completion/completions/skylinedb-daemon
	-rw-r--r-- root/root ./usr/share/doc/skylinedb/CHANGELOG.md
	-rw-r--r-- root/root ./usr/share/doc/skylinedb/README.md
	-rw-r--r-- root/root ./usr/share/doc/skylinedb/SECURITY.md
	-rw-r--r-- root/root ./usr/share/doc/skylinedb/THIRD-PARTY.txt
	-rw-r--r-- root/root ./usr/share/doc/skylinedb/changelog.gz
	-rw-r--r-- root/root ./usr/share/doc/skylinedb/copyright
	-rw-r--r-- root/root ./usr/share/fish/vendor_completions.d/skylinedb-cli.fish
	-rw-r--r-- root/root ./usr/share/fish/vendor_completions.d/skylinedb-daemon.fish
	-rw-r--r-- root/root ./usr/share/lintian/overrides/skylinedb
	-rw-r--r-- root/root ./usr/share/zsh/vendor-completions/_skylinedb-cli
	-rw-r--r-- root/root ./usr/share/zsh/vendor-completions/_skylinedb-daemon`

func TestDebExtracted(t *testing.T) {
	needDpkg(t)
	deb, dir := filepath.Join(mustBuild(t), name+"_amd64.deb"), t.TempDir()
	output(t, "dpkg-deb", "--raw-extract", deb, dir)
	cmd := exec.Command("md5sum", "--check", "--strict", "--quiet", "DEBIAN/md5sums")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("md5sums: %v\n%s", err, out)
	}
	sums := bytes.Count(mustRead(t, filepath.Join(dir, "DEBIAN", "md5sums")), []byte("\n"))
	files, size := 0, 0
	err := filepath.WalkDir(filepath.Join(dir, "usr"), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			size++
			return err
		}
		info, err := d.Info()
		files++
		size += int(info.Size()+1023) / 1024
		return err
	})
	if err != nil || files != sums {
		t.Errorf("%d files, %d sums, %v", files, sums, err)
	}
	size++ // the root
	control := string(mustRead(t, filepath.Join(dir, "DEBIAN", "control")))
	if told := regexp.MustCompile(`(?m)^Installed-Size: (\d+)$`).FindStringSubmatch(control); told == nil || told[1] != strconv.Itoa(size) {
		t.Errorf("the size is %d KiB, and told is %q", size, told)
	}
	r, err := gzip.NewReader(bytes.NewReader(mustRead(t, filepath.Join(dir, docFolder, "changelog.gz"))))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || !strings.HasPrefix(string(text), "skylinedb ("+config.Version+") ") {
		t.Errorf("changelog: %v, %q", err, text)
	}
	if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" {
		t.Skip("the programs are for linux/amd64")
	}
	wantVersions(t, filepath.Join(dir, "usr", "bin"))
}

// wantVersions runs the programs in a folder.
func wantVersions(t *testing.T, dir string) {
	t.Helper()
	for _, p := range programs {
		if got, want := output(t, filepath.Join(dir, p), "--version"), p+" version "+config.Version+"\n"; got != want {
			t.Errorf("%s says %q, want %q", p, got, want)
		}
	}
}

// It changes the machine that it runs on, and changes it back.
func TestInstall(t *testing.T) {
	if os.Getenv("SKYLINEDB_TEST_INSTALL") != "1" {
		t.Skip("it installs a package: set SKYLINEDB_TEST_INSTALL=1 where that may be")
	}
	needDpkg(t)
	if os.Geteuid() != 0 {
		t.Skip("only root can install a package")
	}
	if arch := strings.TrimSpace(output(t, "dpkg", "--print-architecture")); arch != "amd64" {
		t.Skipf("the package is for amd64, and this machine is %s", arch)
	}
	if err := exec.Command("dpkg", "--status", "skylinedb").Run(); err == nil {
		t.Skip("the package is installed already, and is not this test's to remove")
	}
	t.Cleanup(func() {
		_ = exec.Command("dpkg", "--purge", "skylinedb").Run() // it is gone, unless the test failed
	})
	output(t, "dpkg", "--install", filepath.Join(mustBuild(t), name+"_amd64.deb"))
	installed := strings.Fields(output(t, "dpkg", "--listfiles", "skylinedb"))
	wantVersions(t, "/usr/bin")
	verifyUnits(t)
	output(t, "dpkg", "--purge", "skylinedb")
	for _, path := range installed {
		// Folders may be other packages' too.
		if _, err := os.Lstat(path); err == nil && strings.Contains(path, "skylinedb") {
			t.Errorf("%s is left", path)
		}
	}
	if out, err := exec.Command("dpkg", "--status", "skylinedb").Output(); err == nil {
		t.Errorf("dpkg still knows the package: %s", out)
	}
}

// verifyUnits checks the units where they are installed, since they name the
// programs there.
func verifyUnits(t *testing.T) {
	t.Helper()
	units := []string{"/usr/lib/systemd/user/skylinedb.socket", "/usr/lib/systemd/user/skylinedb.service"}
	for _, unit := range units {
		if _, err := os.Stat(unit); err != nil {
			t.Error(err)
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Log("the units were not verified: systemd-analyze is not installed")
		return
	}
	cmd := exec.Command("systemd-analyze", append([]string{"verify", "--user"}, units...)...)
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "skylinedb") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

func needDpkg(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("dpkg-deb is not installed")
	}
}

// output runs a command that must succeed.
func output(t *testing.T, command string, args ...string) string {
	t.Helper()
	cmd := exec.Command(command, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", command, strings.Join(args, " "), err, out, &stderr)
	}
	return string(out)
}

package main

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/skylinedb/skylinedb/internal/config"
)

const (
	maintainer = "SkylineDB developers <packages@skylinedb.invalid>"
	homepage   = "https://github.com/skylinedb/skylinedb"
	docFolder  = "usr/share/doc/skylinedb/"
)

// overrides are for Debian's checker of packages.
const overrides = `# The programs run on any Linux, whatever libraries it has.
skylinedb: statically-linked-binary
`

// places says where Debian has the files of an archive. The first that fits
// counts; an empty one leaves the file out.
var places = []struct{ from, to string }{
	{"skylinedb-", "usr/bin/skylinedb-"},
	{"systemd/", "usr/lib/systemd/user/"},
	{"completions/bash/", "usr/share/bash-completion/completions/"},
	{"completions/zsh/", "usr/share/zsh/vendor-completions/"},
	{"completions/fish/", "usr/share/fish/vendor_completions.d/"},
	{"completions/", ""},
	{"LICENSE", docFolder + "copyright"},
	{"", docFolder},
}

// debPackage returns a package for Debian with the files of an archive. It has
// no scripts: the units are each user's to enable, and nothing else is to do.
//
// Source: deb(5), deb-control(5), https://www.debian.org/doc/debian-policy/
func debPackage(arch string, files []file, modified unixTime) ([]byte, error) {
	var placed []file
	for _, f := range files {
		i := slices.IndexFunc(places, func(p struct{ from, to string }) bool { return strings.HasPrefix(f.name, p.from) })
		if p := places[i]; p.to != "" {
			placed = append(placed, file{p.to + f.name[len(p.from):], f.mode, f.data})
		}
	}
	changes, err := gzipped(debChangelog(modified.time()))
	if err != nil {
		return nil, err
	}
	placed = append(placed,
		file{docFolder + "changelog.gz", 0o644, changes},
		file{"usr/share/lintian/overrides/skylinedb", 0o644, []byte(overrides)})
	data, err := tarFiles(".", placed, modified)
	if err != nil {
		return nil, err
	}
	control, err := tarFiles(".", []file{
		{"control", 0o644, debControl(arch, placed)},
		{"md5sums", 0o644, md5sums(placed)},
	}, modified)
	if err != nil {
		return nil, err
	}
	return arFiles([]file{
		{"debian-binary", 0o644, []byte("2.0\n")},
		{"control.tar.gz", 0o644, control},
		{"data.tar.gz", 0o644, data},
	}, modified), nil
}

func debControl(arch string, files []file) []byte {
	size := 0 // in KiB, as deb-substvars(5) counts it
	for _, f := range withFolders(files) {
		if f.mode.IsDir() {
			size++
		} else {
			size += (len(f.data) + 1023) / 1024
		}
	}
	size++ // the root
	return fmt.Appendf(nil, `Package: skylinedb
Version: %s
Architecture: %s
Maintainer: %s
Installed-Size: %d
Section: database
Priority: optional
Homepage: %s
Description: writes to SQLite databases for many processes
 The programs of one user write to their SQLite databases through this daemon
 and read the files directly. None of them ever sees SQLITE_BUSY, writes that
 wait are committed together, and a write that is sent again after a crash is
 not done twice.
 .
 The first client starts the daemon, or systemd does for each user who enables
 skylinedb.socket. Databases are ordinary files of SQLite's.
`, config.Version, arch, maintainer, size, homepage)
}

func md5sums(files []file) []byte {
	var out bytes.Buffer
	for _, f := range withFolders(files) {
		if !f.mode.IsDir() {
			fmt.Fprintf(&out, "%x  %s\n", md5.Sum(f.data), f.name)
		}
	}
	return out.Bytes()
}

// debChangelog is what Debian wants in its own form. CHANGELOG.md tells more.
func debChangelog(modified time.Time) []byte {
	return fmt.Appendf(nil, `skylinedb (%s) unstable; urgency=medium

  * CHANGELOG.md beside this file tells what has changed.

 -- %s  %s
`, config.Version, maintainer, modified.Format(time.RFC1123Z))
}

// arFiles returns the archive that a package is, in the order given.
func arFiles(files []file, modified unixTime) []byte {
	out := bytes.NewBufferString("!<arch>\n")
	for _, f := range files {
		fmt.Fprintf(out, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", f.name, modified, 0, 0, fmt.Sprintf("100%o", f.mode.Perm()), len(f.data))
		out.Write(f.data)
		if len(f.data)%2 == 1 {
			out.WriteByte('\n')
		}
	}
	return out.Bytes()
}

package dbfile

import (
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of a name, in bytes.
const (
	// maxName bounds what a request may say, before it is looked at closely.
	maxName = 4096
	// maxPart is the longest component that common file systems hold.
	maxPart = 255
	// maxFile is what SQLite's file layer can open: 1024 less the longest
	// suffix of a side file, and some air.
	maxFile = 1000
)

// reservedSuffixes end the names of files that belong to a database.
var reservedSuffixes = []string{"-wal", "-shm", "-journal", MarkerSuffix, tempSuffix}

// parts checks the text of a name and returns its components relative to
// the root. It looks at no file.
func (r *Root) parts(name string) ([]string, error) {
	if filepath.VolumeName(name) != "" { // on Windows, whose own spelling of a whole path is taken
		name = filepath.ToSlash(name)
	}
	if err := checkText(name); err != nil {
		return nil, err
	}
	if err := checkShape(name); err != nil {
		return nil, err
	}
	rel := path.Clean(name)
	if path.IsAbs(rel) || filepath.IsAbs(rel) {
		inside, ok := r.stripRoot(rel)
		if !ok {
			return nil, refuse(name, "lies outside %q; name a file below it", r.dir)
		}
		rel = inside
	}
	parts := strings.Split(rel, "/")
	for _, part := range parts {
		if len(part) > maxPart {
			return nil, refuse(name, "has a part of %d bytes; use at most %d", len(part), maxPart)
		}
		if runtime.GOOS == "windows" {
			if why := windowsForbids(part); why != "" {
				return nil, refuse(name, "has a part %s, which Windows %s; choose another name", quote(part), why)
			}
		}
	}
	if err := checkLast(name, parts[len(parts)-1]); err != nil {
		return nil, err
	}
	return parts, nil
}

// checkText refuses what no file name on any system should hold, so that a
// name which works on one system works on all.
func checkText(name string) error {
	if name == "" {
		return refuse(name, `is empty; name a file, or leave "db" out for data.db`)
	}
	if len(name) > maxName {
		return refuse(name, "has %d bytes; use at most %d", len(name), maxName)
	}
	if !utf8.ValidString(name) {
		return refuse(name, "is not valid UTF-8; encode it as UTF-8")
	}
	for _, c := range name {
		switch {
		case unicode.IsControl(c):
			return refuse(name, "holds a control character; remove it")
		case c == '\\':
			return refuse(name, `holds a backslash; write "/" between folders`)
		}
	}
	if len(name) >= 5 && strings.EqualFold(name[:5], "file:") {
		return refuse(name, "is a URI; name the file by its path")
	}
	if name == ":memory:" {
		return refuse(name, "means a database in memory; name a file")
	}
	return nil
}

// checkShape refuses components that change folder by themselves and names
// that can only be those of folders.
func checkShape(name string) error {
	parts := strings.Split(name, "/")
	for _, part := range parts {
		if part == ".." {
			return refuse(name, `holds ".."; name the file by its path below the databases' folder`)
		}
	}
	if last := parts[len(parts)-1]; last == "" || last == "." {
		return refuse(name, "is a folder; name a file in it")
	}
	return nil
}

// stripRoot returns the part of a clean absolute name below the root,
// whichever way the root is spelled.
func (r *Root) stripRoot(name string) (string, bool) {
	for _, dir := range []string{r.dir, r.spelled} {
		prefix := strings.TrimSuffix(filepath.ToSlash(dir), "/") + "/"
		if len(name) <= len(prefix) {
			continue
		}
		head := name[:len(prefix)]
		if head == prefix || runtime.GOOS == "windows" && strings.EqualFold(head, prefix) {
			return name[len(prefix):], true
		}
	}
	return "", false
}

// checkLast refuses the last component of a name if it is one of a side file,
// or leaves no room for the names of its own side files.
func checkLast(name, last string) error {
	lower := strings.ToLower(last)
	for _, suffix := range reservedSuffixes {
		if strings.HasSuffix(lower, suffix) {
			return refuse(name, "ends in %q, which is kept for the files beside a database; choose another name", suffix)
		}
	}
	if most := maxPart - len(tempSuffix); len(last) > most {
		return refuse(name, "has a last part of %d bytes, which leaves no room for the names of its side files; use at most %d", len(last), most)
	}
	return nil
}

// windowsForbids says why Windows would not take part for the name of an
// ordinary file; it is empty where it would. See
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file.
func windowsForbids(part string) string {
	if strings.ContainsAny(part, `<>:"|?*`) {
		return `does not allow in a name (< > : " | ? *)`
	}
	if strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") {
		return "would shorten (it ends in a dot or a space)"
	}
	stem, _, _ := strings.Cut(part, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return "keeps for a device"
	}
	for _, device := range []string{"COM", "LPT"} {
		if number, ok := strings.CutPrefix(stem, device); ok && utf8.RuneCountInString(number) == 1 &&
			strings.ContainsAny(number, "0123456789¹²³") {
			return "keeps for a device"
		}
	}
	return ""
}

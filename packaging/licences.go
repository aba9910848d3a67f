package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// thirdParty returns the licences of all that is linked into the programs for
// t, which ask to be told with each copy.
func (r *release) thirdParty(t target) (file, error) {
	out, err := r.goCommand(t, "list", "-deps", "-f",
		"{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}\n{{end}}{{end}}", "./cmd/...")
	if err != nil {
		return file{}, err
	}
	lines := strings.FieldsFunc(string(out), func(c rune) bool { return c == '\n' || c == '\r' })
	slices.Sort(lines)
	var text bytes.Buffer
	fmt.Fprintln(&text, "The programs contain these libraries, under these licences.")
	for _, line := range slices.Compact(lines) {
		library, dir, _ := strings.Cut(line, "\t")
		licence, err := licenceIn(dir)
		if err != nil {
			return file{}, fmt.Errorf("the licence of %s: %w", library, err)
		}
		// Go itself has the same, which not every installation of it has with it.
		if strings.HasPrefix(library, "golang.org/x/sys ") {
			library += ", and the Go standard library"
		}
		fmt.Fprintf(&text, "\n\n==== %s\n\n%s\n", library, licence)
	}
	return file{"THIRD-PARTY.txt", 0o644, text.Bytes()}, nil
}

// licenceIn returns what the files of a module's folder say.
func licenceIn(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, e := range entries {
		upper := strings.ToUpper(e.Name())
		if !slices.ContainsFunc([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE"}, func(p string) bool { return strings.HasPrefix(upper, p) }) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		texts = append(texts, strings.TrimSpace(strings.ReplaceAll(string(data), "\r\n", "\n")))
	}
	if len(texts) == 0 {
		return "", fmt.Errorf("its module has none")
	}
	return strings.Join(texts, "\n\n"), nil
}

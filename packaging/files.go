package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
)

// file is one file of an archive. Its name has slashes and its mode is not
// that of the source, which depends on who checked it out.
type file struct {
	name string
	mode fs.FileMode
	data []byte
}

// services are the files for what starts programs on a system, below this
// program's folder. On Windows the clients start the daemon.
var services = map[string]string{"linux": "systemd/*", "darwin": "launchd/*"}

// filesFor returns the files that are t's own: the programs, whose libraries'
// licences are told beside them, and the service files.
func (r *release) filesFor(t target) ([]file, error) {
	files, err := r.compile(t, filepath.Join(r.out, t.os+"_"+t.arch))
	if err != nil {
		return nil, err
	}
	licences, err := r.thirdParty(t)
	if err != nil {
		return nil, err
	}
	files = append(files, licences)
	if services[t.os] == "" {
		return files, nil
	}
	more, err := r.texts("packaging", services[t.os])
	return append(files, more...), err
}

// commonFiles returns the files that are the same for all systems.
func (r *release) commonFiles() ([]file, error) {
	var files []file
	for _, pattern := range []string{"README.md", "CHANGELOG.md", "LICENSE", "SECURITY.md", "docs/*.md"} {
		found, err := r.texts("", pattern)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	completions, err := r.completions()
	return append(files, completions...), err
}

// texts returns the text files below a folder of the source that match.
func (r *release) texts(folder, pattern string) ([]file, error) {
	root := os.DirFS(filepath.Join(r.root, folder))
	names, err := fs.Glob(root, pattern)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("the source has no %s", path.Join(folder, pattern))
	}
	var files []file
	for _, name := range names {
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, err
		}
		// A checkout on Windows may have made the ends of lines its own.
		files = append(files, file{name, 0o644, bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))})
	}
	return files, nil
}

// completions asks the programs, built for this machine, for what shells need.
func (r *release) completions() ([]file, error) {
	host := target{runtime.GOOS, runtime.GOARCH}
	dir, err := os.MkdirTemp("", "skylinedb-packaging")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if _, err := r.compile(host, dir); err != nil {
		return nil, err
	}
	var files []file
	for _, p := range programs {
		names := map[string]string{"bash": p, "zsh": "_" + p, "fish": p + ".fish", "powershell": p + ".ps1"}
		for shell, name := range names { // archives sort
			cmd := exec.Command(filepath.Join(dir, host.program(p)), "completion", shell)
			cmd.Env = []string{} // the user's settings may be wrong
			data, err := cmd.Output()
			if err != nil {
				return nil, fmt.Errorf("%s completion %s: %w", p, shell, err)
			}
			files = append(files, file{"completions/" + shell + "/" + name, 0o644, data})
		}
	}
	return files, nil
}

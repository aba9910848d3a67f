package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/skylinedb/skylinedb/bench/internal/load"
)

// The product's programs.
const (
	daemonProgram = "skylinedb-daemon"
	cliProgram    = "skylinedb-cli"
)

// arena is the folder that the contestants write in, and the programs that
// were built for them.
type arena struct {
	options
	dir     string
	folders int               // made so far
	built   map[string]string // the programs, by name
}

// newArena makes a temporary folder, and the daemon's program in it.
func newArena(ctx context.Context, o options) (*arena, error) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "SKYLINEDB_") {
			os.Unsetenv(name) // what is measured are the defaults
		}
	}
	dir, err := os.MkdirTemp("", "skylinedb-bench-")
	if err != nil {
		return nil, err
	}
	os.Setenv("XDG_STATE_HOME", dir) // for the logs of daemons that clients start
	a := &arena{options: o, dir: dir, built: map[string]string{}}
	if _, err := a.program(ctx, daemonProgram); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func (a *arena) close() { os.RemoveAll(a.dir) }

// folder makes a new folder for one measurement. Its path is short, because a
// socket's path may not be long.
func (a *arena) folder() (string, error) {
	a.folders++
	dir := filepath.Join(a.dir, fmt.Sprint(a.folders))
	return dir, os.Mkdir(dir, 0o700)
}

// socket returns where a daemon of that folder listens.
func socket(dir string) string {
	if runtime.GOOS == "windows" {
		return `\\.\pipe\` + filepath.Base(filepath.Dir(dir)) + "-" + filepath.Base(dir)
	}
	return filepath.Join(dir, "s")
}

// program returns the path of a program of the product, which it builds first
// where that has not been done.
func (a *arena) program(ctx context.Context, name string) (string, error) {
	if path := a.built[name]; path != "" {
		return path, nil
	}
	path := a.output(name)
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/skylinedb/skylinedb/cmd/"+name)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	a.built[name] = path
	return path, nil
}

func (a *arena) output(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(a.dir, name)
}

// clib returns the path of the writer with the C library. It is "" where there
// is no C compiler.
func (a *arena) clib(ctx context.Context) (string, error) {
	const name = "clib"
	if path, ok := a.built[name]; ok || a.withoutC {
		return path, nil
	}
	out, err := exec.CommandContext(ctx, "go", "env", "CC").Output()
	if err != nil {
		return "", fmt.Errorf("ask for the C compiler: %w", err)
	}
	compiler := strings.Fields(string(out))
	if len(compiler) == 0 {
		return "", nil
	}
	if _, err := exec.LookPath(compiler[0]); err != nil {
		a.built[name] = ""
		return "", nil
	}
	module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/skylinedb/skylinedb").Output()
	if err != nil {
		return "", fmt.Errorf("find the benchmark's source: %w", err)
	}
	path := a.output(name)
	build := exec.CommandContext(ctx, "go", "build", "-C", filepath.Join(strings.TrimSpace(string(module)), "bench", "clib"), "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build the writer with the C library: %w", err)
	}
	a.built[name] = path
	return path, nil
}

// self returns how to start this program in one of its roles.
func self(role string) ([]string, error) {
	path, err := os.Executable()
	return []string{path, role}, err
}

// jobs returns the same job for so many clients.
func jobs(n int, job load.Job) []load.Job {
	all := make([]load.Job, n)
	for i := range all {
		all[i] = job
		all[i].ID = i
	}
	return all
}

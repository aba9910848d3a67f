package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

var programs = []string{"skylinedb-daemon", "skylinedb-cli"}

// kept are those of Go's variables that say which Go it is, and where things
// come from and are kept. With one Go, what is built is the same whatever they
// say.
var kept = []string{
	"GOCACHE", "GOMODCACHE", "GOPATH", "GOTOOLCHAIN", "GOPROXY", "GONOPROXY",
	"GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOINSECURE", "GOVCS",
}

// compile builds the programs for t into dir and returns them.
func (r *release) compile(t target, dir string) ([]file, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-o", dir + string(filepath.Separator)}
	for _, p := range programs {
		args = append(args, "./cmd/"+p)
	}
	if _, err := r.goCommand(t, args...); err != nil {
		return nil, err
	}
	var files []file
	for _, p := range programs {
		data, err := os.ReadFile(filepath.Join(dir, t.program(p)))
		if err != nil {
			return nil, err
		}
		files = append(files, file{t.program(p), 0o755, data})
	}
	return files, nil
}

// goCommand runs go in the module for t and returns what it prints.
func (r *release) goCommand(t target, args ...string) ([]byte, error) {
	env, err := environment(t)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env, cmd.Stderr = r.root, env, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s for %s: %w", args[0], t, err)
	}
	return out, nil
}

// environment returns the environment to build for t in: without any setting
// of Go's that changes what is built, whether it comes from a variable or from
// the user's file of them.
func environment(t target) ([]string, error) {
	out, err := exec.Command("go", append([]string{"env", "-json"}, kept...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	var values map[string]string
	if err := json.Unmarshal(out, &values); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		variable = strings.ToUpper(variable)
		return strings.HasPrefix(variable, "GO") || strings.HasPrefix(variable, "CGO")
	})
	for _, k := range kept {
		env = append(env, k+"="+values[k])
	}
	return append(env, "GOENV=off", "GOWORK=off", "GOFLAGS=-mod=readonly", "CGO_ENABLED=0",
		"GOOS="+t.os, "GOARCH="+t.arch, "GOAMD64=v1", "GOARM64=v8.0"), nil
}

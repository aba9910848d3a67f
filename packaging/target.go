package main

import (
	"fmt"
	"slices"
	"strings"
)

// target is a system that programs are built for.
type target struct{ os, arch string }

var targets = []target{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

func (t target) String() string { return t.os + "/" + t.arch }

// program returns the name of a program's file.
func (t target) program(name string) string {
	if t.os == "windows" {
		return name + ".exe"
	}
	return name
}

// parseTargets reads a list with commas between, in which nothing means all.
func parseTargets(only string) ([]target, error) {
	if only == "" {
		return targets, nil
	}
	var chosen []target
	for text := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(targets, func(t target) bool { return t.String() == text })
		if i < 0 {
			return nil, fmt.Errorf("--only cannot be %q: use some of %s, with commas between", text, strings.Trim(fmt.Sprint(targets), "[]"))
		}
		if !slices.Contains(chosen, targets[i]) {
			chosen = append(chosen, targets[i])
		}
	}
	return chosen, nil
}

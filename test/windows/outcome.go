package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// event is a line of go test -json.
//
// Source: https://pkg.go.dev/cmd/test2json
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64 // seconds
}

// test's name, with its package.
func (e event) name() string { return strings.TrimPrefix(e.Package, module) + " " + e.Test }

// outcome is what became of the tests.
type outcome struct {
	passed, failed int
	skipped        map[string]string // test to reason
	said           map[string]string // test that has not ended to its output
}

// test runs the tests and shows the failures as they come.
func test(cmd *exec.Cmd) (outcome, error) {
	o := outcome{skipped: map[string]string{}, said: map[string]string{}}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return o, err
	}
	if err := cmd.Start(); err != nil {
		return o, err
	}
	events := json.NewDecoder(out)
	for {
		var e event
		if err = events.Decode(&e); err != nil {
			break
		}
		o.add(e)
	}
	if !errors.Is(err, io.EOF) {
		_ = cmd.Process.Kill() // it would wait for us to read on
		return o, errors.Join(fmt.Errorf("read what go test says: %w", err), cmd.Wait())
	}
	if err := cmd.Wait(); err != nil {
		return o, fmt.Errorf("go test: %w", err)
	}
	return o, nil
}

func (o *outcome) add(e event) {
	name := e.name()
	switch e.Action {
	case "output", "build-output":
		o.said[name] += e.Output
		return
	case "pass":
		if e.Test != "" {
			o.passed++
		}
	case "skip":
		if e.Test != "" {
			o.skipped[name] = reason(o.said[name])
		}
	case "fail", "build-fail":
		if e.Test != "" {
			o.failed++
		}
		fmt.Printf("FAIL %s\n%s", name, o.said[name])
	default:
		return
	}
	if e.Test == "" && e.Elapsed > 0 {
		fmt.Printf("%-5s%-40s%8.1fs\n", e.Action, name, e.Elapsed)
	}
	delete(o.said, name)
}

// reason returns what a test that skips itself says, without the place.
func reason(output string) string {
	for line := range strings.Lines(output) {
		if place, text, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && strings.Contains(place, ".go:") {
			return text
		}
	}
	return "it says no reason"
}

// print tells the numbers and what was not tested.
func (o *outcome) print(w io.Writer) {
	fmt.Fprintf(w, "\nOn Windows %d tests pass, %d fail, %d are skipped:\n", o.passed, o.failed, len(o.skipped))
	for _, name := range slices.Sorted(maps.Keys(o.skipped)) {
		fmt.Fprintf(w, "  %s: %s\n", name, o.skipped[name])
	}
	fmt.Fprintln(w, "Packages left out:")
	for _, pkg := range slices.Sorted(maps.Keys(leftOut)) {
		if _, err := os.Stat(pkg); err == nil {
			fmt.Fprintf(w, "  %s: %s\n", pkg, leftOut[pkg])
		}
	}
}

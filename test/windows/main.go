// Command windows runs the tests of this module as Windows programs, each
// through a program that can run such, and tells how many passed, and which
// were skipped and why. It builds the product for Windows first, because what
// runs the tests need not have Go.
//
//	go run ./test/windows --exec /absolute/path/of/wine-exec [PACKAGE...]
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const module = "github.com/skylinedb/skylinedb/"

// leftOut are packages whose tests are not run, with the reasons.
var leftOut = map[string]string{
	"bench":           "it measures, and builds contestants with the Go command",
	"internal/arch":   "it reads the source, which is the same everywhere",
	"packaging":       "it builds with the Go command, for every system from any",
	"test/clients":    "it runs the interpreters of other languages, which are those of the system outside",
	"test/mutation":   "it builds the product anew with the Go command",
	"test/thirdparty": "it builds other libraries with the Go command",
	"torture":         "it runs the tests of other packages with the Go command",
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "✗ Error: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	program := flag.String("exec", "", "what runs a Windows program: an absolute path, for go test -exec")
	flag.Parse()
	if !filepath.IsAbs(*program) {
		return errors.New("--exec must be the absolute path of a program that runs Windows programs")
	}
	programs, err := os.MkdirTemp("", "skylinedb-windows")
	if err != nil {
		return err
	}
	defer os.RemoveAll(programs)
	env := append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0", "SKYLINEDB_TEST_PROGRAMS="+programs)
	if err := goCommand(env, "build", "-o", programs+string(filepath.Separator), "./cmd/...").Run(); err != nil {
		return fmt.Errorf("build the product for Windows: %w", err)
	}
	packages := flag.Args()
	if len(packages) == 0 {
		if packages, err = toTest(env); err != nil {
			return err
		}
	}
	// One package at a time: they share the names of pipes.
	args := append([]string{"test", "-json", "-count=1", "-p=1", "-timeout=15m", "-exec=" + *program}, packages...)
	found, err := test(goCommand(env, args...))
	found.print(os.Stdout)
	if err == nil && found.passed == 0 {
		err = errors.New("no test has run")
	}
	return err
}

// toTest lists the packages that have tests, but for those left out.
func toTest(env []string) ([]string, error) {
	list := exec.Command("go", "list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}", "./...")
	list.Env, list.Stderr = env, os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages: %w", err)
	}
	return slices.DeleteFunc(strings.Fields(string(out)), func(pkg string) bool {
		_, out := leftOut[strings.TrimPrefix(pkg, module)]
		return out
	}), nil
}

func goCommand(env []string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Env, cmd.Stderr = env, os.Stderr
	return cmd
}

// Command packaging builds what a release consists of: the programs for each
// system, an archive of each, Debian packages, and their checksums:
//
//	go run ./packaging
//
// The same commit gives the same bytes, with the same Go, on whatever machine
// and whenever it is built. docs/packaging.md tells what there is and how it
// is installed.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/skylinedb/skylinedb/internal/config"
)

func main() {
	out := flag.String("out", "dist", "the folder for what is built")
	only := flag.String("only", "", "the systems to build for, as in linux/amd64,windows/arm64, instead of all")
	flag.Parse()
	if err := run(*out, *only, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "packaging:", err)
		os.Exit(1)
	}
}

func run(out, only string, rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("%q is not a flag: use --out and --only", rest[0])
	}
	r := release{log: os.Stdout}
	var err error
	if r.targets, err = parseTargets(only); err != nil {
		return err
	}
	if r.root, err = moduleRoot(); err != nil {
		return err
	}
	if r.out, err = filepath.Abs(out); err != nil {
		return err
	}
	if r.time, err = epoch(r.root, os.Getenv); err != nil {
		return err
	}
	return r.build()
}

// moduleRoot returns the folder of this module.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/skylinedb/skylinedb").Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		return "", fmt.Errorf("find the source: run this within a clone of the repository")
	}
	return dir, nil
}

// release is what one run builds.
type release struct {
	root    string    // the module's folder
	out     string    // where it is put
	targets []target  // what for
	time    unixTime  // of each file in an archive
	log     io.Writer // what was built
}

// name is what the archives' names and the folders in them begin with.
const name = "skylinedb_" + config.Version

func (r *release) build() error {
	common, err := r.commonFiles()
	if err != nil {
		return err
	}
	var built []string
	for _, t := range r.targets {
		files, err := r.filesFor(t)
		if err != nil {
			return err
		}
		names, err := r.pack(t, append(files, common...))
		if err != nil {
			return err
		}
		built = append(built, names...)
	}
	return r.writeSums(built)
}

// pack writes the archive for t, and the package where t has one, and returns
// their names.
func (r *release) pack(t target, files []file) ([]string, error) {
	archive := name + "_" + t.os + "_" + t.arch
	format := "tar.gz"
	data, err := []byte(nil), error(nil)
	if t.os == "windows" {
		format = "zip"
		data, err = zipFiles(archive, files, r.time)
	} else {
		data, err = tarFiles(archive, files, r.time)
	}
	if err != nil {
		return nil, err
	}
	names := []string{archive + "." + format}
	if err := r.write(names[0], data); err != nil {
		return nil, err
	}
	if t.os != "linux" {
		return names, nil
	}
	data, err = debPackage(t.arch, files, r.time)
	if err != nil {
		return nil, err
	}
	names = append(names, name+"_"+t.arch+".deb")
	return names, r.write(names[1], data)
}

// write puts a file into the folder for what is built.
func (r *release) write(name string, data []byte) error {
	if err := os.WriteFile(filepath.Join(r.out, name), data, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(r.log, "%s (%.1f MB)\n", name, float64(len(data))/1e6)
	return nil
}

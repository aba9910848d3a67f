package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/skylinedb/skylinedb/"

// imports says which packages of ours a package may import, tests left out.
// Packages stand from the floor up: each imports only what stands above it.
// The reasons are in docs/architecture.md.
var imports = []struct {
	pkg     string
	allowed []string
}{
	{"wire", nil},
	{"internal/config", nil},
	{"internal/logfile", []string{"internal/config"}},
	{"internal/oslock", nil},
	{"internal/transport", nil},
	{"internal/dbfile", []string{"wire"}},
	{"internal/sqlite", []string{"wire"}},
	{"internal/sqlite/faultvfs", []string{"internal/dbfile"}},
	{"internal/feed", []string{"wire"}},
	{"internal/worker", []string{"wire", "internal/dbfile", "internal/sqlite", "internal/feed"}},
	{"internal/router", []string{"wire", "internal/transport", "internal/dbfile", "internal/sqlite", "internal/feed", "internal/worker"}},
	{"internal/daemon", []string{"internal/config", "internal/logfile", "internal/oslock", "internal/transport", "internal/dbfile", "internal/sqlite", "internal/router"}},
	{"client", []string{"wire", "internal/config", "internal/logfile", "internal/oslock", "internal/transport"}},
	{"reader", []string{"wire", "internal/dbfile", "internal/sqlite"}},
	{"driver", []string{"wire", "internal/config", "internal/sqlite", "client", "reader"}},
	{"internal/cli", []string{"wire", "internal/config", "client"}},
	{"internal/fakedaemon", []string{"wire", "internal/oslock", "internal/transport"}},
	{"internal/childtest", nil},
	{"internal/ostest", nil},
	{"internal/arch", nil},
	{"cmd/skylinedb-daemon", []string{"internal/daemon"}},
	{"cmd/skylinedb-cli", []string{"internal/cli"}},
	{"examples/quickstart", []string{"wire", "client"}},
	{"bench/internal/load", nil},
	{"bench", []string{"wire", "internal/transport", "client", "bench/internal/load"}},
	{"test/tally", nil},
	{"test/harness", []string{"wire", "internal/config", "internal/oslock", "internal/transport", "client"}},
	{"test/history", nil},
	{"test/thirdparty", nil},
	{"test/replace", nil},
	{"test/hostile", nil},
	{"test/crowd", nil},
	{"test/mutation", nil},
	{"test/clients", nil},
	{"test/activator", nil},
	{"test/windows", nil},
	{"torture", []string{"test/tally"}},
	{"packaging", []string{"internal/config"}},
}

// sqliteUsers are the only importers of the SQLite library. Programs that
// read files directly, as users' programs do, count among them.
var sqliteUsers = []string{"internal/sqlite", "internal/sqlite/faultvfs", "examples/quickstart", "bench", "test/harness", "reader"}

// goStatements are the places where a goroutine may start other than by
// WaitGroup.Go, each with who waits for its end.
var goStatements = map[string]string{
	"internal/worker/worker.go":          "Worker.Done, which the router waits for",
	"internal/router/drain.go":           "closeConns itself",
	"internal/daemon/service_windows.go": "Execute itself",
	"internal/cli/input.go":              "nobody: a read of standard input cannot be ended, and goes with the process",
	"client/child.go":                    "nobody: it outlives the client, so that a daemon which ends is reaped",
}

// Bounds on sizes, in lines.
const (
	maxFile     = 600
	maxFunction = 70
)

// source is one file of the module.
type source struct {
	path string // relative to the module, with slashes
	pkg  string
	test bool
	set  *token.FileSet
	file *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var all []source
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() && path != root && isModule(path) { // of its own: other people's rules
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		all = append(all, source{rel, strings.TrimSuffix(rel[:strings.LastIndex("/"+rel, "/")], "/"), strings.HasSuffix(rel, "_test.go"), set, file})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func TestImports(t *testing.T) {
	table := map[string][]string{}
	for i, row := range imports {
		table[row.pkg] = row.allowed
		for _, a := range row.allowed {
			if !slices.ContainsFunc(imports[:i], func(r struct {
				pkg     string
				allowed []string
			}) bool {
				return r.pkg == a
			}) {
				t.Errorf("%s may import %s, which does not stand above it", row.pkg, a)
			}
		}
	}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		allowed, known := table[s.pkg]
		if !known && s.pkg != "test/e2e" {
			t.Errorf("%s: package %s is not in the table of imports", s.path, s.pkg)
			continue
		}
		for _, spec := range s.file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			if ours, ok := strings.CutPrefix(name, module); ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s: the table does not allow it", s.path, ours)
			}
			if strings.HasPrefix(name, "github.com/ncruces/go-sqlite3") && !slices.Contains(sqliteUsers, s.pkg) {
				t.Errorf("%s imports the SQLite library: only internal/sqlite does", s.path)
			}
		}
	}
}

func TestSizes(t *testing.T) {
	for _, s := range sources(t) {
		if n := s.set.File(s.file.Pos()).LineCount(); n > maxFile {
			t.Errorf("%s has %d lines, more than %d", s.path, n, maxFile)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || s.test || f.Body == nil {
				continue
			}
			if n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1; n > maxFunction {
				t.Errorf("%s: %s has %d lines, more than %d", s.path, f.Name.Name, n, maxFunction)
			}
		}
	}
}

func TestExportedIsDocumented(t *testing.T) {
	packageDoc := map[string]int{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		packageDoc[s.pkg] += 0
		if s.file.Doc != nil {
			packageDoc[s.pkg]++
		}
		for _, d := range s.file.Decls {
			checkDocumented(t, s, d)
		}
	}
	for pkg, n := range packageDoc {
		if n != 1 {
			t.Errorf("package %s has %d package comments instead of one", pkg, n)
		}
	}
}

func checkDocumented(t *testing.T, s source, d ast.Decl) {
	t.Helper()
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && exportedReceiver(d) && d.Doc == nil {
			t.Errorf("%s: %s is exported and has no comment", s.path, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
					t.Errorf("%s: %s is exported and has no comment", s.path, spec.Name.Name)
				}
			case *ast.ValueSpec:
				if spec.Names[0].IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					t.Errorf("%s: %s is exported and has no comment", s.path, spec.Names[0].Name)
				}
			}
		}
	}
}

func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	name, ok := typ.(*ast.Ident)
	return ok && name.IsExported()
}

func TestGoroutinesHaveOwners(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || !strings.HasPrefix(s.pkg, "internal/") && s.pkg != "client" && s.pkg != "wire" && s.pkg != "reader" && s.pkg != "driver" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok && goStatements[s.path] == "" {
				t.Errorf("%s starts a goroutine: let a WaitGroup do it, or say here who waits for it", s.path)
			}
			return true
		})
	}
}

func TestNoReplace(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mod), "\nreplace ") {
		t.Error("go.mod replaces a module: nobody could import this one")
	}
}

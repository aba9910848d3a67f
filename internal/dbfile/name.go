package dbfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/skylinedb/skylinedb/wire"
)

// Root is the folder whose databases the daemon serves. It is safe for
// concurrent use; it keeps no descriptor open. The zero value is
// not usable: call [OpenRoot].
type Root struct {
	dir      string   // absolute and real
	spelled  string   // absolute, as it was given: a client may spell it so too
	reserved []string // absolute and real: the daemon's own files
	// ignoresCase tells whether two spellings of a name are one file in an
	// existing folder. Tests replace it.
	ignoresCase func(folder folderID, dir string) bool
}

// Path is a database name that [Root.Resolve] accepted.
type Path struct {
	// Name is relative to the root, with "/" between folders, after links:
	// two links to one file give one Name. Where case is ignored it keeps
	// the caller's spelling.
	Name string
	// File is the absolute path without links: what SQLite opens. Its log
	// is then found beside the real file, not beside a link.
	File string
	// Key is equal for two names if and only if they are names of one file,
	// and does not change when the file is created. It means something in
	// this process only.
	Key string
	// Exists tells whether the file was there.
	Exists bool
}

// OpenRoot returns the root at dir, which must be an existing folder.
//
// Reserved are paths of the daemon's own files, such as its socket and lock
// files, which need not exist: no database name may mean one of them. They
// are taken as absolute.
//
// The folder is looked up once; moving it while the daemon runs is not
// supported. The error is a [*wire.Error] with CodeIOError.
func OpenRoot(dir string, reserved ...string) (*Root, error) {
	spelled, err := filepath.Abs(dir)
	if err != nil {
		return nil, ioError(err, "find the databases' folder %q", dir)
	}
	resolved, err := filepath.EvalSymlinks(spelled)
	if err != nil {
		return nil, ioError(err, "open the databases' folder %q", dir)
	}
	info, err := os.Stat(resolved)
	if err != nil {
		return nil, ioError(err, "open the databases' folder %q", dir)
	}
	if !info.IsDir() {
		return nil, wire.Errorf(wire.CodeIOError, "%q is not a folder; name the folder that holds the databases.", dir)
	}
	r := &Root{dir: resolved, spelled: spelled, ignoresCase: new(foldingFolders).ignoreCase}
	for _, file := range reserved {
		r.reserved = append(r.reserved, realPaths(file)...)
	}
	return r, nil
}

// realPaths returns the spellings under which [Root.Resolve] could meet file:
// the real folder with the last name, and where that is a link its target.
func realPaths(file string) []string {
	found := []string{file}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(file)); err == nil {
		found = append(found, filepath.Join(dir, filepath.Base(file)))
	}
	if target, err := filepath.EvalSymlinks(file); err == nil {
		found = append(found, target)
	}
	return found
}

// Dir returns the absolute, real path of the folder.
func (r *Root) Dir() string { return r.dir }

// Resolve says which file a name means. It accepts a path relative to the
// root, or an absolute one inside it, with "/" between folders.
//
// It refuses, as a [*wire.Error] with CodeInvalidDatabaseName, whatever is no
// database of this root: the empty name, "..", control characters, a
// backslash, names of side files and of the daemon's files, folders and
// special files, paths and links that lead outside, links that lead nowhere,
// and a file with a second hard link (its log would be found under one of
// its names only, see https://sqlite.org/howtocorrupt.html, section 2.5). A
// disk that cannot answer gives CodeIOError.
//
// A file that does not exist is no error, nor is a folder that does not: the
// latter is reported by [CheckFolder]. Resolve opens no database file.
func (r *Root) Resolve(name string) (Path, error) {
	parts, err := r.parts(name)
	if err != nil {
		return Path{}, err
	}
	found, err := r.walk(name, parts)
	if err != nil {
		return Path{}, err
	}
	rel, err := filepath.Rel(r.dir, found.path())
	if err != nil {
		return Path{}, refuse(name, "leads outside %q; name a file below it", r.dir)
	}
	p := Path{Name: filepath.ToSlash(rel), File: found.path(), Exists: found.info != nil}
	if err := r.checkFile(name, p.File, found.info); err != nil {
		return Path{}, err
	}
	if p.Key, err = r.key(name, found); err != nil {
		return Path{}, err
	}
	return p, nil
}

// checkFile refuses a real path that is reserved, or an existing file (info is
// not nil) that is no plain file with one name.
func (r *Root) checkFile(name, file string, info fs.FileInfo) error {
	if err := checkLast(name, filepath.Base(file)); err != nil {
		return err
	}
	if len(file) > maxFile {
		return refuse(name, "makes a path of %d bytes, and SQLite opens at most %d; use shorter folders", len(file), maxFile)
	}
	for _, own := range r.reserved {
		// Folded everywhere: refusing a spelling too many costs nobody
		// a database.
		if strings.EqualFold(own, file) {
			return refuse(name, "is a file of the daemon itself; choose another name")
		}
	}
	if info == nil {
		return nil
	}
	return checkPlain(name, file, info)
}

// CheckFile returns nil if there is nothing at p, or a plain file with one
// name, as there was when p was resolved: a link may have come since then. The
// error is that of [Root.Resolve]. CheckFile opens nothing.
func CheckFile(p Path) error {
	info, err := os.Lstat(p.File)
	switch {
	case isAbsent(err):
		return nil
	case err != nil:
		return ioError(err, "look at %q", p.File)
	}
	return checkPlain(p.Name, p.File, info)
}

// checkPlain refuses a file that is no plain file with one name.
func checkPlain(name, file string, info fs.FileInfo) error {
	if info.IsDir() {
		return refuse(name, "is a folder; name a file in it")
	}
	if !info.Mode().IsRegular() {
		return refuse(name, "is not a regular file but %s; name a database file", info.Mode().Type())
	}
	_, _, links, err := fileNumbers(info, file)
	if err != nil {
		return ioError(err, "look at %q", file)
	}
	if links > 1 {
		return refuse(name, "is one of %d hard links to one file, and its log would be found under one of them only; "+
			"keep one link, or use symbolic links", links)
	}
	return nil
}

// CheckFolder returns nil if the folder of p exists, and otherwise a
// [*wire.Error] with CodeIOError that asks for it: the daemon creates
// databases, not folders.
func CheckFolder(p Path) error {
	dir := filepath.Dir(p.File)
	info, err := os.Stat(dir)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return wire.Errorf(wire.CodeIOError, "%q is not a folder; name a database in an existing folder.", dir)
	case isAbsent(err):
		return wire.Errorf(wire.CodeIOError, "The folder %q does not exist; create it first, then send the request again.", dir)
	}
	return ioError(err, "look at the folder %q", dir)
}

package dbfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// place is where a walk ended.
type place struct {
	// folder is the deepest folder that exists, absolute and real.
	folder string
	// rest is what follows: one component where the parent folder exists,
	// more where it is missing.
	rest []string
	// folderInfo describes the folder, nil where the walk did not meet it.
	folderInfo fs.FileInfo
	// info describes the file, nil where it does not exist.
	info fs.FileInfo
}

// path returns the absolute path of the place.
func (p place) path() string {
	return filepath.Join(p.folder, filepath.Join(p.rest...))
}

// walk follows parts from the root, through links, and stops where nothing
// exists. It costs one lstat for each part; the root itself is known to be
// real.
func (r *Root) walk(name string, parts []string) (place, error) {
	dir, dirInfo := r.dir, fs.FileInfo(nil)
	for i, part := range parts {
		full := filepath.Join(dir, part)
		info, err := os.Lstat(full)
		if isAbsent(err) {
			return place{folder: dir, folderInfo: dirInfo, rest: parts[i:]}, nil
		}
		if err != nil {
			return place{}, walkError(name, full, err)
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			if full, info, err = r.follow(name, full); err != nil {
				return place{}, err
			}
			if filepath.Dir(full) != dir {
				dirInfo = nil
			}
		}
		if i == len(parts)-1 {
			return place{folder: filepath.Dir(full), folderInfo: dirInfo, rest: []string{filepath.Base(full)}, info: info}, nil
		}
		// A Windows junction is neither a link nor a folder to package os,
		// and so ends here too: it could lead anywhere.
		if !info.IsDir() {
			return place{}, refuse(name, "goes through %q, which is not a folder; check the path", part)
		}
		dir, dirInfo = full, info
	}
	return place{}, refuse(name, "is a folder; name a file in it") // parts is never empty
}

// follow returns the end of a symbolic link, which must exist inside the root.
func (r *Root) follow(name, link string) (string, fs.FileInfo, error) {
	target, err := filepath.EvalSymlinks(link)
	switch {
	case isAbsent(err):
		return "", nil, refuse(name, "is or goes through a symbolic link to something that does not exist; create its target or remove the link")
	case errors.Is(err, fs.ErrPermission):
		return "", nil, ioError(err, "follow the link %q", link)
	case err != nil: // a loop has no error value of its own
		return "", nil, refuse(name, "is or goes through a symbolic link that leads nowhere (%v); repair the link", bare(err))
	}
	if !r.contains(target) {
		return "", nil, refuse(name, "is or goes through a symbolic link that leads outside %q; keep the file below it", r.dir)
	}
	info, err := os.Lstat(target)
	if err != nil {
		return "", nil, walkError(name, target, err)
	}
	return target, info, nil
}

// contains reports whether a real path is the root or lies below it.
func (r *Root) contains(real string) bool {
	if real == r.dir {
		return true
	}
	prefix := r.dir
	if !os.IsPathSeparator(prefix[len(prefix)-1]) {
		prefix += string(filepath.Separator)
	}
	return strings.HasPrefix(real, prefix)
}

// walkError tells a path that cannot exist from a disk that cannot answer.
func walkError(name, path string, err error) error {
	if isBadPath(err) {
		return refuse(name, "cannot be the path of a file (%v); choose another name", bare(err))
	}
	return ioError(err, "look at %q", path)
}

// isAbsent reports whether err says that there is no such file.
func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) }

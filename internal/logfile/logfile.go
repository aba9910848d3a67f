// Package logfile is the log of a daemon that has no terminal: where it is,
// and how it is opened. [Path] and [Open] are all there is.
package logfile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/skylinedb/skylinedb/internal/config"
)

// Max is the size, in bytes, of a log that is put aside before the next daemon
// writes to it.
const Max = 10 << 20

// Path returns the log file of the daemon on socket. Two sockets may have
// the same last name; the digest tells them apart.
func Path(socket string) (string, error) {
	dir, err := config.StateDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(socket))
	return filepath.Join(dir, filepath.Base(socket)+"-"+hex.EncodeToString(sum[:4])+".log"), nil
}

// Open opens the log for appending. One that has grown too large becomes
// the old log first; the start lock keeps others from doing so meanwhile. What
// is not a regular file is not written to: a link leads to some other file.
func Open(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	switch file, err := os.Lstat(path); {
	case err != nil: // there is none, or opening it will tell
	case file.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%q is a symbolic link; remove it", path)
	case !file.Mode().IsRegular():
		return nil, fmt.Errorf("%q is not a regular file; remove it", path)
	case file.Size() > Max:
		// Windows refuses while the last daemon has it open: the next start
		// puts it aside then.
		_ = os.Rename(path, path+".old")
	}
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY|noFollow, 0o600)
}

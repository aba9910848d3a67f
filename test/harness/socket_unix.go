//go:build unix

package harness

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// socketIn returns the socket that belongs to a folder. Its name is unique in
// the run, as are the names of logs that are made of it.
func socketIn(dir string) string { return filepath.Join(dir, "s"+filepath.Base(dir)) }

// Listening reports whether new clients may come to a socket. A daemon that
// ends removes it first.
func Listening(t testing.TB, socket string) bool {
	t.Helper()
	_, err := os.Lstat(socket)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

//go:build unix

package config

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// DefaultSocket is the socket of a daemon that was told no other. The version
// in its name is the protocol's.
const DefaultSocket = "/tmp/skylinedb-v1.sock"

// StateDir returns the folder for the log of a daemon that a client started:
// skylinedb in XDG_STATE_HOME or ~/.local/state, and ~/Library/Logs/skylinedb
// on macOS. It creates nothing. It fails where the environment names no home.
//
// Source: https://specifications.freedesktop.org/basedir/latest/
func StateDir() (string, error) {
	if runtime.GOOS != "darwin" {
		// The specification wants relative paths to be ignored.
		if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
			return filepath.Join(dir, "skylinedb"), nil
		}
	}
	home := os.Getenv("HOME")
	if !filepath.IsAbs(home) {
		return "", errors.New("no place for the daemon's log: set HOME to a folder")
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Logs", "skylinedb"), nil
	}
	return filepath.Join(home, ".local", "state", "skylinedb"), nil
}

package config

import (
	"errors"
	"os"
	"path/filepath"
)

// DefaultSocket is the pipe of a daemon that was told no other. The version in
// its name is the protocol's.
const DefaultSocket = `\\.\pipe\SkylineDBd-v1`

// StateDir returns the folder for the log of a daemon that a client started:
// SkylineDB in %LOCALAPPDATA%. It creates nothing. It fails where the
// environment lacks that variable.
func StateDir() (string, error) {
	dir := os.Getenv("LOCALAPPDATA")
	if !filepath.IsAbs(dir) {
		return "", errors.New("no place for the daemon's log: set LOCALAPPDATA to a folder")
	}
	return filepath.Join(dir, "SkylineDB"), nil
}

//go:build unix

package config_test

import (
	"runtime"
	"testing"

	"github.com/skylinedb/skylinedb/internal/config"
)

func TestStateDir(t *testing.T) {
	tests := []struct {
		name, xdg, home string
		linux, darwin   string // empty = an error
	}{
		{"XDG", "/state", "/home/u", "/state/skylinedb", "/home/u/Library/Logs/skylinedb"},
		{"home", "", "/home/u", "/home/u/.local/state/skylinedb", "/home/u/Library/Logs/skylinedb"},
		{"relative XDG is ignored", "state", "/home/u", "/home/u/.local/state/skylinedb", "/home/u/Library/Logs/skylinedb"},
		{"no home", "", "", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("XDG_STATE_HOME", test.xdg)
			t.Setenv("HOME", test.home)
			want := test.linux
			if runtime.GOOS == "darwin" {
				want = test.darwin
			}
			got, err := config.StateDir()
			if got != want || (err == nil) != (want != "") {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		})
	}
}

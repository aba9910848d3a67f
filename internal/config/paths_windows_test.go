package config_test

import (
	"testing"

	"github.com/skylinedb/skylinedb/internal/config"
)

func TestStateDir(t *testing.T) {
	t.Setenv("LOCALAPPDATA", `C:\Users\u\AppData\Local`)
	if got, err := config.StateDir(); err != nil || got != `C:\Users\u\AppData\Local\SkylineDB` {
		t.Errorf("got %q, %v", got, err)
	}
	t.Setenv("LOCALAPPDATA", "")
	if got, err := config.StateDir(); err == nil {
		t.Errorf("without LOCALAPPDATA: got %q, want an error", got)
	}
}

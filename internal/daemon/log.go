package daemon

import (
	"io"
	"log/slog"

	"github.com/skylinedb/skylinedb/internal/config"
)

// newLog returns the log in the format and from the level that cfg says.
// Statements' parameters are never logged.
func newLog(cfg config.Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

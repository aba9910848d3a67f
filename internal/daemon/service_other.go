//go:build !windows

package daemon

import (
	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/internal/config"
)

// addServices adds nothing: other systems have service managers that are told
// by files what to run.
func addServices(*cobra.Command, *config.Config) {}

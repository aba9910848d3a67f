package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

func (p *program) shutdown() *cobra.Command {
	return &cobra.Command{
		Use:   "shutdown",
		Short: "End the daemon",
		Long: `End the daemon and wait until it has finished what it has, emptied the
write-ahead logs and closed the databases.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd, sayNotThere, func(ctx context.Context, c *client.Client) error {
				r, err := c.Do(ctx, &wire.Request{Type: wire.TypeShutdown})
				if err != nil {
					return err
				}
				return p.out.reply(r, func() { p.out.done("Daemon stopped") })
			})
		},
	}
}

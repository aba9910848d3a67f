package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

func (p *program) reopen() *cobra.Command {
	return &cobra.Command{
		Use:   "reopen-database",
		Short: "Accept writes again after prepare-for-maintenance or close-database",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd, startDaemon, func(ctx context.Context, c *client.Client) error {
				r, err := c.Do(ctx, p.request(wire.TypeReopenDatabase))
				if err != nil {
					return err
				}
				return p.out.reply(r, func() { p.out.done("Database reopened - operations resume") })
			})
		},
	}
}

package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

func (p *program) prepare() *cobra.Command {
	return &cobra.Command{
		Use:   "prepare-for-maintenance",
		Short: "Empty the write-ahead log into the file and refuse writes",
		Long: `Empty the write-ahead log into the database's file and refuse writes until
close-database or reopen-database, so that the file and its hash do not change.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd, startDaemon, func(ctx context.Context, c *client.Client) error {
				r, err := c.Do(ctx, p.request(wire.TypePrepareForMaintenance))
				if err != nil {
					return err
				}
				return p.out.reply(r, func() {
					p.out.done("WAL checkpointed - all data flushed to the main file")
					p.out.done("Now you can calculate the hash of %s", p.db)
				})
			})
		},
	}
}

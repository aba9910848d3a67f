package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

func (p *program) closeDatabase() *cobra.Command {
	exclusive := false
	cmd := &cobra.Command{
		Use:   "close-database",
		Short: "Let go of the file, so that it can be replaced",
		Long: `Close the database until reopen-database. The daemon holds no lock on the file
then, so that it can be replaced; batches fail meanwhile.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd, startDaemon, func(ctx context.Context, c *client.Client) error {
				req := p.request(wire.TypeCloseDatabase)
				req.RequireExclusive = exclusive
				r, err := c.Do(ctx, req)
				if err != nil {
					return err
				}
				return p.out.reply(r, func() { p.closed(r) })
			})
		},
	}
	cmd.Flags().BoolVar(&exclusive, "require-exclusive", false, "fail if another process still has the file open")
	return cmd
}

func (p *program) closed(r *wire.Reply) {
	if r.ReadersRemaining != nil && *r.ReadersRemaining {
		p.out.done("File locks of the daemon released")
		p.out.warn("Another process still has %s open - let it close the file before you replace it", p.db)
		return
	}
	p.out.done("File locks released - safe to replace %s", p.db)
}

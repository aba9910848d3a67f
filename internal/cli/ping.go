package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

func (p *program) ping() *cobra.Command {
	return &cobra.Command{
		Use:   "ping",
		Short: "Tell whether the daemon runs",
		Long: `Tell whether the daemon runs, and with --db the state of a database.
A daemon is never started, and a file never created.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd, sayNotThere, func(ctx context.Context, c *client.Client) error {
				req := &wire.Request{Type: wire.TypePing}
				if cmd.Flags().Changed("db") {
					req = p.request(wire.TypePing)
				}
				r, err := c.Do(ctx, req)
				if err != nil {
					return err
				}
				return p.out.reply(r, func() { p.pong(r) })
			})
		},
	}
}

func (p *program) pong(r *wire.Reply) {
	p.out.done("Daemon is running")
	p.out.line("  version %s, directory %s", r.Version, r.Dir)
	if r.DBPath == "" {
		return
	}
	state := r.State
	if r.Rev != nil {
		state += ", rev " + number(*r.Rev)
	}
	p.out.line("  %s: %s", r.DBPath, state)
}

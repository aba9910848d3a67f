package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

func (p *program) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Tell what the daemon does",
		Long: `Tell what the daemon does and has done since it started, as a whole and for
each of its databases. A daemon is never started.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd, sayNotThere, func(ctx context.Context, c *client.Client) error {
				r, err := c.Do(ctx, &wire.Request{Type: wire.TypeStatus})
				if err != nil {
					return err
				}
				return p.out.reply(r, func() { p.out.note(printStatus(p.out.stdout, r)) })
			})
		},
	}
}

func printStatus(w io.Writer, r *wire.Reply) error {
	s := r.DaemonStatus
	if s == nil {
		s = &wire.DaemonStatus{}
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	uptime := time.Duration(s.UptimeMS) * time.Millisecond
	fmt.Fprintf(table, "✓ Daemon is running\n")
	fmt.Fprintf(table, "  version\t%s\n", r.Version)
	fmt.Fprintf(table, "  pid\t%d\n", s.PID)
	fmt.Fprintf(table, "  uptime\t%v\n", uptime.Round(time.Second))
	fmt.Fprintf(table, "  socket\t%s\n", s.Socket)
	fmt.Fprintf(table, "  directory\t%s\n", r.Dir)
	fmt.Fprintf(table, "  connections\t%d\n", s.Connections)
	fmt.Fprintf(table, "  workers\t%d\n", s.Workers)
	if len(s.Databases) > 0 {
		fmt.Fprintf(table, "\nDATABASE\tSTATE\tWORKER\tREV\tQUEUE\tWAL BYTES\tBATCHES\tGROUPS\tERRORS\tREPLAYS\n")
	}
	for _, d := range s.Databases {
		worker := "no"
		if d.Worker {
			worker = "yes"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", d.DB, d.State, worker,
			d.Rev, d.QueueDepth, d.WALBytes, d.Batches, d.Groups, d.Errors, d.Replays)
	}
	return table.Flush() // with the first error of the above
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

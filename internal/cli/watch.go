package cli

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/client"
)

// watchFlags are the flags of watch alone.
type watchFlags struct {
	rev   int64
	epoch string
	count int64
}

func (p *program) watch() *cobra.Command {
	var f watchFlags
	cmd := &cobra.Command{
		Use:   "watch [DB]",
		Short: "Tell of commits as they happen",
		Long: `Tell of each commit to a database, or to all of them where none is named, and of
their maintenance, until Ctrl-C. A line is one event. A commit names the tables
that may have changed; several commits may be told as one.

With --json a line is an object with event (subscribed, commit, maintenance),
db, rev and epoch, and where they apply state, tables, missed and change. The
event subscribed says that from here on everything is told; it comes again when
the connection was lost. missed says that there were commits that cannot be
told one by one: anything may have changed.`,
		Example: `  skylinedb-cli watch galaxy.db
  skylinedb-cli watch galaxy.db --rev 43 --epoch 0c28f1 --count 1 --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := p.subscription(cmd, &f, args)
			if err != nil {
				return err
			}
			return p.with(cmd, startDaemon, func(ctx context.Context, c *client.Client) error {
				return p.follow(ctx, c, o, f.count)
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Int64Var(&f.rev, "rev", 0, "the rev that is known: tell if there were commits since")
	flags.StringVar(&f.epoch, "epoch", "", "the epoch of that rev")
	flags.Int64Var(&f.count, "count", 0, "end after so many events, subscribed left out")
	return cmd
}

func (p *program) subscription(cmd *cobra.Command, f *watchFlags, args []string) (o client.SubscribeOptions, err error) {
	if args, err = p.database(cmd, args, 0); err != nil {
		return o, err
	}
	if p.dbGiven {
		o.DB = p.db
	}
	if cmd.Flags().Changed("rev") {
		o.Rev, o.Epoch = &f.rev, f.epoch
	}
	switch {
	case len(args) > 0:
		return o, usagef("name one database, or none for all")
	case f.count < 0:
		return o, usagef("--count cannot be negative")
	case o.Rev != nil && o.DB == "":
		return o, usagef("--rev goes with one database: name it")
	case f.epoch != "" && o.Rev == nil:
		return o, usagef("--epoch goes with --rev")
	}
	return o, nil
}

// follow prints events until there were enough or ctx ends, which is the usual
// end and no failure.
func (p *program) follow(ctx context.Context, c *client.Client, o client.SubscribeOptions, enough int64) error {
	told := int64(0)
	for ev, err := range c.Subscribe(ctx, o) {
		if err != nil {
			return err
		}
		if p.out.json {
			p.out.event(ev)
		} else {
			p.out.line("%s", eventLine(ev))
		}
		if ev.Kind != client.EventSubscribed {
			told++
		}
		if p.out.err != nil || told == enough && enough > 0 {
			break
		}
	}
	return nil
}

// eventLine returns what people read of an event.
func eventLine(ev client.Event) string {
	if ev.Kind == client.EventSubscribed {
		if ev.DB == "" {
			return "✓ Watching all databases" + missed(ev, ": anything may have changed meanwhile")
		}
		return "✓ Watching " + ev.DB + ", rev " + number(ev.Rev) + ", " + ev.State
	}
	line := ev.DB + " rev " + number(ev.Rev) + ": "
	switch {
	case ev.Kind == client.EventMaintenance:
		return line + ev.Change
	case ev.Missed:
		return line + "anything may have changed"
	case len(ev.Tables) == 0:
		return line + "committed"
	}
	return line + strings.Join(ev.Tables, ", ")
}

func missed(ev client.Event, text string) string {
	if ev.Missed {
		return text
	}
	return ""
}

// event prints an event as one line of JSON.
func (o *output) event(ev client.Event) {
	e := json.NewEncoder(o.stdout)
	e.SetEscapeHTML(false)
	o.note(e.Encode(struct {
		Event  string   `json:"event"`
		DB     string   `json:"db,omitempty"`
		Rev    int64    `json:"rev"`
		Epoch  string   `json:"epoch,omitempty"`
		State  string   `json:"state,omitempty"`
		Tables []string `json:"tables,omitempty"`
		Missed bool     `json:"missed,omitempty"`
		Change string   `json:"change,omitempty"`
	}{ev.Kind, ev.DB, ev.Rev, ev.Epoch, ev.State, ev.Tables, ev.Missed, ev.Change}))
}

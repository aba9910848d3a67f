package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// nameFileFor is how long exec, when the batch is done, may take to learn the
// name of the file.
const nameFileFor = 5 * time.Second

// execFlags are the flags of exec alone.
type execFlags struct {
	file      string
	tx, sync  string
	timeout   time.Duration
	expectRev int64
	requestID string
	params    paramFlags
}

func (p *program) exec() *cobra.Command {
	var f execFlags
	cmd := &cobra.Command{
		Use:   "exec [SQL]...",
		Short: "Execute SQL statements as one atomic batch",
		Long: `Execute SQL statements. All statements of one call are one transaction: all of
them happen or none. An argument or a file may hold several statements, if it
has no parameters.

` + paramHelp,
		Example: `  skylinedb-cli exec "CREATE TABLE tasks (id INTEGER PRIMARY KEY, title TEXT)"
  skylinedb-cli exec "INSERT INTO tasks (title) VALUES ('one')" "INSERT INTO tasks (title) VALUES ('two')"
  skylinedb-cli exec "UPDATE tasks SET title = ? WHERE id = ?" --param "new title" --param 1
  skylinedb-cli exec "UPDATE tasks SET title = :t" --named t=done
  skylinedb-cli exec --db galaxy.db -f schema.sql`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req, err := p.batch(cmd, &f, args)
			if err != nil {
				return err
			}
			return p.with(cmd, startDaemon, func(ctx context.Context, c *client.Client) error {
				return p.execute(ctx, c, req)
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.file, "file", "f", "", "read the SQL from a file, - is standard input")
	f.params.register(flags)
	flags.StringVar(&f.tx, "tx", "", "atomic (default), or none: each statement commits by itself")
	flags.StringVar(&f.sync, "sync", "", "normal, or full: the batch survives a power failure too")
	flags.DurationVar(&f.timeout, "timeout", 0, "roll the batch back if it takes the daemon longer")
	flags.Int64Var(&f.expectRev, "expect-rev", 0, "do nothing unless the database has this rev")
	flags.StringVar(&f.requestID, "request-id", "", "execute the batch with this id once, however often it is sent")
	return cmd
}

// batch makes the request of the arguments.
func (p *program) batch(cmd *cobra.Command, f *execFlags, args []string) (*wire.Request, error) {
	if err := f.check(cmd); err != nil {
		return nil, err
	}
	req := p.request(wire.TypeExecBatch)
	req.Tx, req.Sync, req.Timeout, req.RequestID = wire.Tx(f.tx), wire.Sync(f.sync), f.timeout, f.requestID
	if cmd.Flags().Changed("expect-rev") {
		req.ExpectRev = &f.expectRev
	}
	if f.file != "" {
		if len(args) > 0 {
			return nil, usagef("give SQL as arguments or by --file, not both")
		}
		text, err := p.read(f.file)
		if err != nil {
			return nil, err
		}
		args = []string{text}
	}
	if len(args) == 0 {
		return nil, usagef("there is no SQL to execute")
	}
	params, err := f.params.parse(len(args), p.stdin)
	if err != nil {
		return nil, err
	}
	for i, sql := range args {
		st := wire.Stmt{SQL: sql}
		if params != nil {
			st.Params = params[i]
		}
		req.Stmts = append(req.Stmts, st)
	}
	return req, nil
}

// check finds the mistakes that the flags themselves show.
func (f *execFlags) check(cmd *cobra.Command) error {
	switch wire.Tx(f.tx) {
	case "", wire.TxAtomic, wire.TxNone:
	default:
		return usagef("--tx cannot be %q: use atomic or none", f.tx)
	}
	switch wire.Sync(f.sync) {
	case "", wire.SyncNormal, wire.SyncFull:
	default:
		return usagef("--sync cannot be %q: use normal or full", f.sync)
	}
	if cmd.Flags().Changed("timeout") && f.timeout < time.Millisecond {
		return usagef("--timeout must be at least 1ms")
	}
	if n := len(f.requestID); n > wire.MaxRequestID || n == 0 && cmd.Flags().Changed("request-id") {
		return usagef("--request-id must have 1 to %d bytes", wire.MaxRequestID)
	}
	if f.file == "-" && f.params.json == "-" {
		return usagef("standard input can hold the SQL or the parameters, not both")
	}
	return nil
}

// read returns the text of a file, - for standard input.
func (p *program) read(name string) (string, error) {
	if name == "-" {
		text, err := io.ReadAll(p.stdin)
		if err != nil {
			return "", fmt.Errorf("read the SQL: %w", err)
		}
		return string(text), nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("read the SQL: %w", err)
	}
	return string(text), nil
}

// execute sends the batch and names the file that it went to, so that a user
// sees when the daemon serves another directory than was thought.
func (p *program) execute(ctx context.Context, c *client.Client, req *wire.Request) error {
	r, err := c.Do(ctx, req)
	if err != nil {
		return err
	}
	// The batch is done: that its file cannot be told makes no failure of it.
	ctx, cancel := context.WithTimeout(ctx, nameFileFor)
	defer cancel()
	if pong, err := c.Do(ctx, p.request(wire.TypePing)); err == nil {
		r.DBPath = pong.DBPath
	}
	return p.out.reply(r, func() { p.executed(r) })
}

func (p *program) executed(r *wire.Reply) {
	line := "done"
	if r.RowsAffected != nil {
		line = rows(*r.RowsAffected)
	}
	if r.Rev != nil {
		line += ", rev " + number(*r.Rev)
	}
	if r.DBPath != "" {
		line += " (" + r.DBPath + ")"
	}
	if r.Replayed {
		line += " - executed before and not again"
	}
	p.out.done("%s", line)
}

package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// queryFlags are the flags of query alone.
type queryFlags struct {
	file          string
	csv, ndjson   bool
	limit, minRev int64
	timeout       time.Duration
	params        paramFlags
}

func (p *program) query() *cobra.Command {
	var f queryFlags
	cmd := &cobra.Command{
		Use:   "query [DB] SQL",
		Short: "Read rows with one SQL statement",
		Long: `Read rows with one SQL statement. It sees one snapshot and holds up nobody. The
rows are printed as they come: for people a table, cut to the terminal's width,
and whole where they go elsewhere.

--json prints one array with an object for each row, --ndjson an object on each
line. A value is what the protocol makes of it: {"$blob":BASE64} for a BLOB,
{"$int":TEXT} for an integer beyond 2^53, {"$real":"inf"} for an infinity. A
column whose name stands before gets :1, :2 behind it. Where the rows end with
a failure, the array stays open and the failure is told on standard error.

--csv prints a header line, NULL as an empty field and empty text as "".

` + paramHelp,
		Example: `  skylinedb-cli query galaxy.db "SELECT name, magnitude FROM stars ORDER BY 2"
  skylinedb-cli query --db galaxy.db "SELECT * FROM stars WHERE magnitude < ?" --param 2
  skylinedb-cli query "SELECT * FROM tasks" --csv > tasks.csv`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req, mode, err := p.queryRequest(cmd, &f, args)
			if err != nil {
				return err
			}
			return p.with(cmd, startDaemon, func(ctx context.Context, c *client.Client) error {
				rows, err := c.DoQuery(ctx, req)
				if err != nil {
					return err
				}
				defer rows.Close() // no transaction is lost with it
				p.out.json = false // one JSON value is enough: what fails now is told beside it
				return p.out.print(resultOf(rows), p.out.stdout, mode, terminalWidth(p.out.stdout))
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.file, "file", "f", "", "read the SQL from a file, - is standard input")
	f.params.register(flags)
	flags.BoolVar(&f.csv, "csv", false, "print CSV with a header line")
	flags.BoolVar(&f.ndjson, "ndjson", false, "print a JSON object on each line")
	flags.Int64Var(&f.limit, "limit", 0, "print at most so many rows")
	flags.Int64Var(&f.minRev, "min-rev", 0, "wait until the database has this rev")
	flags.DurationVar(&f.timeout, "timeout", 0, "end the query if it takes longer")
	return cmd
}

// queryRequest makes the request of the arguments, and the form of its rows.
func (p *program) queryRequest(cmd *cobra.Command, f *queryFlags, args []string) (req *wire.Request, mode string, err error) {
	if mode, err = f.mode(p.out.json); err != nil {
		return nil, "", err
	}
	if f.file == "-" && f.params.json == "-" {
		return nil, "", usagef("standard input can hold the SQL or the parameters, not both")
	}
	wanted := 1
	if f.file != "" {
		wanted = 0
	}
	if args, err = p.database(cmd, args, wanted); err != nil {
		return nil, "", err
	}
	if len(args) != wanted {
		return nil, "", usagef("a query is one statement: give [DB] and the SQL, or the SQL by --file")
	}
	req = p.request(wire.TypeQuery)
	if f.file == "" {
		req.SQL = args[0]
	} else if req.SQL, err = p.read(f.file); err != nil {
		return nil, "", err
	}
	params, err := f.params.parse(1, p.stdin)
	if err != nil {
		return nil, "", err
	}
	if params != nil {
		req.Params = params[0]
	}
	return req, mode, f.bound(cmd, req)
}

// mode returns the form that the flags ask for.
func (f *queryFlags) mode(json bool) (string, error) {
	mode, given := modeTable, 0
	for name, used := range map[string]bool{modeJSON: json, modeCSV: f.csv, modeNDJSON: f.ndjson} {
		if used {
			mode = name
			given++
		}
	}
	if given > 1 {
		return "", usagef("use one of --json, --csv and --ndjson")
	}
	return mode, nil
}

// bound sets the bounds of req that were given.
func (f *queryFlags) bound(cmd *cobra.Command, req *wire.Request) error {
	if cmd.Flags().Changed("limit") {
		req.Limit = &f.limit
	}
	if cmd.Flags().Changed("min-rev") {
		req.MinRev = &f.minRev
	}
	req.Timeout = f.timeout
	switch {
	case f.limit < 0 || f.minRev < 0:
		return usagef("--limit and --min-rev cannot be negative")
	case cmd.Flags().Changed("timeout") && f.timeout < time.Millisecond:
		return usagef("--timeout must be at least 1ms")
	}
	return nil
}

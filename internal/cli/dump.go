package cli

import (
	"bufio"
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

func (p *program) dump() *cobra.Command {
	return &cobra.Command{
		Use:   "dump [DB] [TABLE]...",
		Short: "Write the database as SQL text",
		Long: `Write SQL text that makes the database again, or some of its tables with their
indexes and triggers, for "skylinedb-cli shell" or the sqlite3 shell. With --db,
all arguments are tables.

All rows are of one snapshot, and nobody is held up: they are read by one query,
which may last 5 minutes, the daemon's bound. (Of more than 1000 tables it takes
several, and fails if something is committed between them.) What fails ends the
text with ROLLBACK, so that no reader takes a part for the whole.

Values come back exactly as they are. All tables and unique indexes come first,
then rows, with foreign keys that are checked at the end, the counters of
AUTOINCREMENT, other indexes, views and triggers. Of FTS and R-Tree tables the rows are written and not the tables they
keep them in; contentless FTS tables come back empty, and without what "rank" and
the like were set to. Left out are the daemon's
own tables, the statistics of ANALYZE, and rowids that no column has. A BLOB or
text of more than about 8 MB needs a daemon with a larger --max-frame, to be
written as well as to be read again.`,
		Example: `  skylinedb-cli dump galaxy.db > galaxy.sql
  skylinedb-cli dump galaxy.db stars | skylinedb-cli shell copy.db`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if p.out.json {
				return usagef("a dump is SQL text: leave out --json")
			}
			tables, err := p.database(cmd, args, 0)
			if err != nil {
				return err
			}
			return p.with(cmd, startDaemon, func(ctx context.Context, c *client.Client) error {
				return p.dumpTo(ctx, source{c, p.db}, p.out.stdout, tables)
			})
		},
	}
}

// querier is a client or a transaction.
type querier interface {
	Query(context.Context, client.Query) (*client.Rows, error)
}

// source is a database that is read.
type source struct {
	from querier
	db   string
}

func (s source) query(ctx context.Context, sql string, args ...any) (*client.Rows, error) {
	return s.from.Query(ctx, client.Query{DB: s.db, Stmt: client.SQL(sql, args...)})
}

// dumpTries is how often a dump begins anew because the schema was changed
// while it was read.
const dumpTries = 10

// dumpTo writes the database, or the tables that are named, to w.
func (p *program) dumpTo(ctx context.Context, src source, w io.Writer, tables []string) error {
	buf := bufio.NewWriterSize(w, 1<<16)
	d := &dumper{src: src, w: buf}
	err := errSchemaChanged
	for try := 0; try < dumpTries && err == errSchemaChanged; try++ {
		if d.schema, err = readSchema(ctx, src, tables); err == nil {
			err = d.run(ctx)
		}
	}
	if err == errSchemaChanged {
		err = wire.Errorf(wire.CodeRevMismatch, "The schema is changed again and again while it is read: dump it later.")
	}
	p.out.note(buf.Flush())
	return err
}

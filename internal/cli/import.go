package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// importFlags are the flags of import alone.
type importFlags struct {
	format    string
	noHeader  bool
	delimiter string
	null      string
	create    bool
	batch     int
}

func (p *program) imports() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import [DB] FILE TABLE",
		Short: "Insert the rows of a CSV or NDJSON file",
		Long: `Insert the rows of a file into a table; - is standard input. Either all rows are
inserted or none: they are one transaction, which other writers wait for, and
which may last 10 minutes, the daemon's bound. With --batch N they are
transactions of at most N rows, between which others get their turn; if one
fails, what stands before it stays, and the error says how much that is.

CSV has a line with the names of the columns first, or --no-header: then a row
has a field for each column of the table. An empty field is NULL and "" empty
text; with --null TEXT, a field of this text without quotes is NULL and an empty
one empty text. A field without quotes is a number where SQLite would write that
number in the same way: 12, -7, 1.5. Anything else is text: 007, 1.50, 1e9, "12".
The types of the table's columns convert it as they do elsewhere.

NDJSON has an object on each line, whose names are those of columns; what one
lacks gets the column's default. Values are as in query --ndjson: {"$blob":BASE64}
is a BLOB, and other arrays and objects are stored as JSON text.

--create makes the table, with the columns that the first line names (c1, c2, …
with --no-header). Their types are left open, so that each value stays what it
is. Make the table beforehand where it is to have types or a key.`,
		Example: `  skylinedb-cli import galaxy.db stars.csv stars --create
  skylinedb-cli import galaxy.db stars.tsv stars --null "\N" --batch 5000
  skylinedb-cli query --ndjson "SELECT * FROM t" | skylinedb-cli import copy.db - t --format ndjson`,
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := p.database(cmd, args, 2)
			if err != nil {
				return err
			}
			if len(args) != 2 || args[1] == "" {
				return usagef("give [DB], a FILE and a TABLE")
			}
			if err := f.settle(cmd, args[0]); err != nil {
				return err
			}
			return p.with(cmd, startDaemon, func(ctx context.Context, c *client.Client) error {
				return p.importFile(ctx, c, &f, args[0], args[1])
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.format, "format", "", "csv or ndjson; guessed from the file's name")
	flags.BoolVar(&f.noHeader, "no-header", false, "the first line of CSV is a row")
	flags.StringVar(&f.delimiter, "delimiter", "", "the character between fields; a comma, or a tab for .tsv")
	flags.StringVar(&f.null, "null", "", "the text that stands for NULL where it has no quotes")
	flags.BoolVar(&f.create, "create", false, "make the table, of columns without types")
	flags.IntVar(&f.batch, "batch", 0, "commit after so many rows; 0 commits all at once")
	return cmd
}

// settle fills in what the flags leave open for a file of that name.
func (f *importFlags) settle(cmd *cobra.Command, name string) error {
	format, delimiter := formatOf(name)
	if f.format == "" {
		f.format = format
	}
	if f.delimiter == "" {
		f.delimiter = string(delimiter)
	}
	if f.delimiter == `\t` { // a shell makes it hard to give one
		f.delimiter = "\t"
	}
	switch {
	case f.format == "":
		return usagef("what %q holds cannot be guessed from its name: give --format csv or ndjson", name)
	case f.format != formatCSV && f.format != formatNDJSON:
		return usagef("--format cannot be %q: use csv or ndjson", f.format)
	case f.format != formatCSV && cmd != nil && (f.noHeader || cmd.Flags().Changed("delimiter") || cmd.Flags().Changed("null")):
		return usagef("--no-header, --delimiter and --null are for CSV")
	case utf8.RuneCountInString(f.delimiter) != 1 || f.delimiter == `"` || f.delimiter == "\n" || f.delimiter == "\r":
		return usagef("--delimiter must be one character, and no quote")
	case f.batch < 0:
		return usagef("--batch cannot be negative")
	}
	return nil
}

// reader returns a reader of what the flags describe.
func (f *importFlags) reader(r io.Reader, limit int) recordReader {
	buf := bufio.NewReaderSize(r, 1<<16)
	if f.format == formatNDJSON {
		return &jsonReader{r: buf, limit: limit}
	}
	delimiter, _ := utf8.DecodeRuneInString(f.delimiter)
	return &csvReader{r: buf, delimiter: delimiter, null: f.null, header: !f.noHeader, limit: limit}
}

// importFile imports a file and says what came of it.
func (p *program) importFile(ctx context.Context, c *client.Client, f *importFlags, name, table string) error {
	src, end, err := p.openInput(ctx, name)
	if err != nil {
		return err
	}
	defer end()
	l := p.loader(f, src, table)
	r, err := l.load(ctx, c, p.db, f.batch)
	l.progress.end()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, nameFileFor)
	defer cancel()
	if pong, err := c.Do(ctx, p.request(wire.TypePing)); err == nil {
		r.DBPath = pong.DBPath
	}
	return p.out.reply(r, func() {
		p.out.done("%s imported, rev %d (%s)", count(*r.RowsAffected, "row"), *r.Rev, r.DBPath)
	})
}

// loader makes a loader of what the flags say.
func (p *program) loader(f *importFlags, src io.Reader, table string) *loader {
	return &loader{
		rows: f.reader(src, p.cfg.MaxFrame), table: table, create: f.create,
		bytes: min(chunkBytes, p.cfg.MaxFrame/4), progress: progress{w: p.out.stderr},
	}
}

// openInput opens a file for reading, - for standard input, which the end of
// ctx ends.
func (p *program) openInput(ctx context.Context, name string) (r io.Reader, end func(), err error) {
	if name == "-" {
		in := newInput(ctx, p.stdin, nil)
		return in, in.close, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("import: %w", err)
	}
	return file, func() { _ = file.Close() }, nil // it was only read
}

// load is the command .import. It is a part of the transaction that is open,
// and all or nothing there too.
func (s *session) load(ctx context.Context, name, table string) error {
	if name == "-" {
		return wire.Errorf(wire.CodeInvalidRequest, ".import reads files: standard input has the statements.")
	}
	var f importFlags
	if err := f.settle(nil, name); err != nil {
		return wire.Errorf(wire.CodeInvalidRequest, "%w", errors.Unwrap(err))
	}
	src, end, err := s.p.openInput(ctx, name)
	if err != nil {
		return err
	}
	defer end()
	l := s.p.loader(&f, src, table)
	if s.tx != nil {
		err = l.within(ctx, s.tx)
	} else {
		_, err = l.load(ctx, s.c, s.p.db, 0)
	}
	l.progress.end()
	if err == nil {
		s.say(count(l.done, "row") + " imported")
	}
	return err
}

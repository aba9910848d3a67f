package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/skylinedb/skylinedb/wire"
)

const shellHelp = `.tables                 the tables and views
.schema [TABLE]         the statements that make them
.mode MODE              how rows are printed: table, csv, json, ndjson, line
.import FILE TABLE      CSV or NDJSON, by the file's name; see the command import
.dump [TABLE]           the database, or a table, as SQL
.help                   this
.quit                   the end, as Ctrl-D`

// command executes a line that begins with a point.
func (s *session) command(ctx context.Context, line string) error {
	args, err := fields(line)
	if err != nil {
		return err
	}
	name, args := args[0], args[1:]
	least, most := 0, 0
	switch name {
	case ".schema", ".dump":
		most = 1
	case ".mode":
		least, most = 1, 1
	case ".import":
		least, most = 2, 2
	case ".tables", ".help", ".quit", ".exit":
	default:
		return wire.Errorf(wire.CodeInvalidRequest, "There is no command %s: .help tells those that there are.", name)
	}
	if len(args) < least || len(args) > most {
		return wire.Errorf(wire.CodeInvalidRequest, "%s has the wrong number of arguments: .help tells them.", name)
	}
	switch name {
	case ".tables":
		return s.tables(ctx)
	case ".schema":
		return s.schema(ctx, args)
	case ".dump":
		return s.p.dumpTo(ctx, s.source(), s.p.out.stdout, args)
	case ".import":
		return s.load(ctx, args[0], args[1])
	case ".mode":
		return s.setMode(args[0])
	case ".help":
		s.p.out.line("%s", shellHelp)
		return nil
	}
	return errQuit
}

func (s *session) setMode(mode string) error {
	if err := checkMode(mode); err != nil {
		return wire.Errorf(wire.CodeInvalidRequest, "%w", err)
	}
	s.mode = mode
	return nil
}

func (s *session) tables(ctx context.Context) error {
	rows, err := s.source().query(ctx, `SELECT name FROM pragma_table_list
WHERE schema = 'main' AND type <> 'shadow' AND NOT name GLOB 'sqlite_*' AND NOT name`+ownTables+` ORDER BY name`)
	if err != nil {
		return err
	}
	for row, err := range rows.All() {
		if err != nil {
			return err
		}
		s.p.out.line("%s", printable(string(row[0].Bytes)))
	}
	return nil
}

func (s *session) schema(ctx context.Context, args []string) error {
	schema, err := readSchema(ctx, s.source(), args)
	if err == errSchemaChanged {
		return wire.Errorf(wire.CodeRevMismatch, "The schema was changed while it was read: ask again.")
	}
	if err != nil {
		return err
	}
	for _, t := range schema.tables {
		s.p.out.line("%s", strings.TrimSuffix(statement(t.sql), "\n"))
	}
	for _, o := range schema.later {
		s.p.out.line("%s", strings.TrimSuffix(statement(o.sql), "\n"))
	}
	return nil
}

// fields cuts a line at white space, but for what stands in quotes.
func fields(line string) (all []string, err error) {
	for rest := strings.TrimSpace(line); rest != ""; rest = strings.TrimLeft(rest, " \t\r") {
		field := ""
		if q := rest[0]; q == '"' || q == '\'' {
			end := strings.IndexByte(rest[1:], q)
			if end < 0 {
				return nil, wire.Errorf(wire.CodeInvalidRequest, "A quote has no end: %s", fmt.Sprintf("%.40s", rest))
			}
			field, rest = rest[1:1+end], rest[2+end:]
		} else {
			end := strings.IndexAny(rest, " \t\r")
			if end < 0 {
				end = len(rest)
			}
			field, rest = rest[:end], rest[end:]
		}
		all = append(all, field)
	}
	return all, nil
}

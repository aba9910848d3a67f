package cli

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

const (
	// tablesAtOnce is how many tables one query reads, and partsAtOnce how many
	// of them one UNION ALL joins: SQLite's stack bounds how long it may be, so
	// that a query joins a few which join a few.
	tablesAtOnce = 1000
	partsAtOnce  = 25
	// An INSERT has as many rows as fit either bound.
	rowsAtOnce  = 500
	bytesAtOnce = 64 << 10
)

// errSchemaChanged: what was read of the schema is not what the rows are of.
var errSchemaChanged = errors.New("the schema was changed while it was read")

// dumper writes one database.
type dumper struct {
	src    source
	w      *bufio.Writer
	schema *schema

	begun bool   // text was written
	rev   *int64 // of the snapshot, once it is known
	epoch string

	open  *table // whose INSERT is being made
	rows  int
	bytes int
	line  []byte
}

// run writes everything. It fails with errSchemaChanged before anything is
// written.
func (d *dumper) run(ctx context.Context) error {
	parts := d.schema.tables
	for at := 0; at == 0 || at < len(parts); at += tablesAtOnce {
		if err := d.group(ctx, at, parts[at:min(at+tablesAtOnce, len(parts))]); err != nil {
			if d.begun {
				d.endInsert()
				// Behind it a statement that fails, so that nobody takes nothing for all.
				d.w.WriteString("ROLLBACK; -- the dump is not complete\nSELECT \"the dump is not complete\" FROM the_dump_is_not_complete;\n")
			}
			if d.begun && err == errSchemaChanged {
				return errMoved
			}
			return err
		}
	}
	d.endInsert()
	d.finish()
	return nil
}

var errMoved = wire.Errorf(wire.CodeRevMismatch, "The database was written to while its tables were read: dump it again.")

// group writes the rows of some tables, which are those from number at on.
func (d *dumper) group(ctx context.Context, at int, tables []*table) error {
	rows, err := d.src.query(ctx, d.sql(tables, at == 0))
	if err != nil {
		return err
	}
	for row, err := range rows.All() {
		if err == nil {
			err = d.row(row, tables)
		}
		if err != nil {
			_ = rows.Close() // a lost transaction shows at the next query
			return err
		}
		if broken(d.w) {
			return rows.Close()
		}
	}
	rev, epoch := rows.Rev(), rows.Epoch()
	if d.rev != nil && (*d.rev != rev || d.epoch != epoch) {
		return errMoved
	}
	d.rev, d.epoch = &rev, epoch
	return nil
}

// The first column of a row says what it is: the number of a table, or one of
// these.
const (
	rowSchema  = -1 // the schema's version, before all others
	rowCounter = -2 // a row of sqlite_sequence
)

// sql returns the query for the rows of tables: one for all of them, because
// each query has a snapshot of its own. Every part has as many columns as the
// widest table.
func (d *dumper) sql(tables []*table, counters bool) string {
	width := 2
	for _, t := range tables {
		width = max(width, len(t.values()))
	}
	parts := []string{part(width, rowSchema, "pragma_schema_version", []string{"schema_version"})}
	for i, t := range tables {
		if !t.hasRows() {
			continue
		}
		var exprs []string
		for _, column := range t.values() {
			exprs = append(exprs, exact(column))
		}
		parts = append(parts, part(width, i, quoteName(t.name), exprs))
	}
	if counters && d.schema.counters {
		parts = append(parts, part(width, rowCounter, "sqlite_sequence", []string{exact("name"), "seq"}))
	}
	var joined []string
	for some := range slices.Chunk(parts, partsAtOnce) {
		// LIMIT keeps SQLite from making one long UNION ALL of it again.
		joined = append(joined, "SELECT * FROM ("+strings.Join(some, unionAll)+" LIMIT -1)")
	}
	return strings.Join(joined, unionAll)
}

const unionAll = "\nUNION ALL\n"

// exact returns an expression that keeps apart what rows do not: text comes as
// the bytes it consists of, which need not be UTF-8, and a BLOB, which is
// bytes, in hexadecimal.
func exact(name string) string {
	c := quoteName(name)
	return "CASE typeof(" + c + ") WHEN 'text' THEN CAST(" + c + " AS BLOB) WHEN 'blob' THEN hex(" + c + ") ELSE " + c + " END"
}

func part(width, number int, from string, exprs []string) string {
	padding := strings.Repeat(", NULL", width-len(exprs))
	return fmt.Sprintf("SELECT %d, %s%s FROM %s", number, strings.Join(exprs, ", "), padding, from)
}

// row writes one row of the query.
func (d *dumper) row(row client.Row, tables []*table) error {
	switch number := row[0].Int; number {
	case rowSchema:
		if row[1].Int != d.schema.version {
			return errSchemaChanged
		}
		d.begin()
	case rowCounter:
		d.counter(row)
	default:
		t := tables[number]
		if d.open != t {
			d.endInsert()
		}
		d.insert(t, row[1:1+len(t.values())])
	}
	return nil
}

// begin writes what comes before the rows. Foreign keys need the unique indexes
// of the columns that they refer to.
func (d *dumper) begin() {
	if d.begun {
		return
	}
	d.begun = true
	d.w.WriteString("BEGIN;\n")
	if d.schema.references() { // tables may refer to each other, and rows to later ones
		d.w.WriteString("PRAGMA defer_foreign_keys=ON;\n")
	}
	d.setting("user_version", d.schema.userVersion)
	d.setting("application_id", d.schema.applicationID)
	for _, t := range d.schema.tables {
		d.w.WriteString(statement(t.sql))
	}
	for _, o := range d.schema.later {
		if o.unique() {
			d.w.WriteString(statement(o.sql))
		}
	}
}

func (d *dumper) setting(pragma string, value int64) {
	if value != 0 {
		fmt.Fprintf(d.w, "PRAGMA %s=%d;\n", pragma, value)
	}
}

// insert writes a row as a part of an INSERT.
func (d *dumper) insert(t *table, values []wire.Value) {
	if d.rows == rowsAtOnce || d.bytes >= bytesAtOnce {
		d.endInsert()
	}
	if d.open == nil {
		d.open = t
		d.w.WriteString("INSERT INTO " + t.target() + " VALUES\n(")
	} else {
		d.w.WriteString(",\n(")
	}
	d.line = d.line[:0]
	for i, v := range values {
		if i > 0 {
			d.line = append(d.line, ',')
		}
		d.line = d.literal(d.line, v)
	}
	d.line = append(d.line, ')')
	d.w.Write(d.line)
	d.rows++
	d.bytes += len(d.line)
}

func (d *dumper) endInsert() {
	if d.open != nil {
		d.w.WriteString(";\n")
	}
	d.open, d.rows, d.bytes = nil, 0, 0
}

// literal appends a value that exact has made.
func (d *dumper) literal(dst []byte, v wire.Value) []byte {
	switch v.Kind {
	case wire.Integer:
		return strconv.AppendInt(dst, v.Int, 10)
	case wire.Real:
		return appendReal(dst, v.Float)
	case wire.Text:
		return append(append(append(dst, "X'"...), v.Bytes...), '\'')
	case wire.Blob:
		return appendText(dst, d.decode(v.Bytes))
	}
	return append(dst, "NULL"...)
}

// decode returns text as UTF-8.
func (d *dumper) decode(text []byte) []byte {
	var order binary.ByteOrder
	switch d.schema.encoding {
	case "UTF-16le":
		order = binary.LittleEndian
	case "UTF-16be":
		order = binary.BigEndian
	default:
		return text
	}
	units := make([]uint16, len(text)/2)
	for i := range units {
		units[i] = order.Uint16(text[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}

// counter writes a row of sqlite_sequence, which INSERTs have set already
// where the highest row was not deleted.
func (d *dumper) counter(row client.Row) {
	name := string(d.decode(row[1].Bytes))
	if d.schema.table(name) == nil {
		return
	}
	d.endInsert()
	text := string(appendText(nil, []byte(name)))
	d.w.WriteString("DELETE FROM sqlite_sequence WHERE name = " + text + ";\n")
	d.w.WriteString("INSERT INTO sqlite_sequence VALUES(" + text + "," + string(d.literal(nil, row[2])) + ");\n")
}

// finish writes what follows the rows.
func (d *dumper) finish() {
	for _, o := range d.schema.later {
		if !o.unique() {
			d.w.WriteString(statement(o.sql))
		}
	}
	for _, t := range d.schema.tables {
		if t.external() {
			name := quoteName(t.name)
			d.w.WriteString("INSERT INTO " + name + "(" + name + ") VALUES('rebuild');\n")
		}
	}
	d.w.WriteString("COMMIT;\n")
}

// withRowid are the modules whose rows are told apart by a rowid that no
// column has; withRows are the others that keep rows of their own.
var (
	withRowid = []string{"fts3", "fts4", "fts5", "geopoly"}
	withRows  = []string{"rtree", "rtree_i32"}
)

// hasRows reports whether rows of t are to be written.
func (t *table) hasRows() bool {
	if len(t.columns) == 0 {
		return false
	}
	return t.module == "" && !virtual.MatchString(t.sql) || slices.Contains(withRows, t.module) || t.rowid() && t.content() == nil
}

func (t *table) rowid() bool { return slices.Contains(withRowid, t.module) }

// values returns the columns whose values are written.
func (t *table) values() []string {
	if t.rowid() {
		return append([]string{"rowid"}, t.columns...)
	}
	return t.columns
}

// target returns what rows are inserted into.
func (t *table) target() string {
	if !t.listed && !t.rowid() {
		return quoteName(t.name)
	}
	var names []string
	for _, column := range t.values() {
		names = append(names, quoteName(column))
	}
	return quoteName(t.name) + "(" + strings.Join(names, ", ") + ")"
}

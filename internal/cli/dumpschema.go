package cli

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// schema is what a database is made of, the daemon's own tables left out.
type schema struct {
	version                    int64  // SQLite's schema_version
	encoding                   string // of text: UTF-8, UTF-16le, UTF-16be
	userVersion, applicationID int64  // of the whole, 0 for a part
	tables                     []*table
	later                      []object // indexes, views and triggers, in their order
	counters                   bool     // there is a table sqlite_sequence
}

// object is one row of sqlite_schema.
type object struct{ kind, name, table, sql string }

// table is a table whose rows are dumped.
type table struct {
	object
	module  string // of a virtual table, in small letters
	columns []string
	listed  bool // INSERT names the columns: some are generated
	parents []string
}

// ownTables is a condition on a name: the daemon's own tables.
const ownTables = ` GLOB '_skylinedb_*'`

// The questions about a schema. A table that another keeps its rows in (a
// shadow table) is not told of.
const (
	schemaSQL = `SELECT v.schema_version, e.encoding, o.type, o.name, o.tbl_name, o.sql, u.user_version, a.application_id
FROM pragma_schema_version v, pragma_encoding e, pragma_user_version u, pragma_application_id a LEFT JOIN
(SELECT s.rowid AS place, s.* FROM sqlite_schema s LEFT JOIN pragma_table_list l ON l.schema = 'main' AND l.name = s.tbl_name
WHERE s.sql IS NOT NULL AND NOT s.tbl_name` + ownTables + ` AND coalesce(l.type, '') <> 'shadow') o
ORDER BY o.place`
	columnsSQL = `SELECT (SELECT schema_version FROM pragma_schema_version), s.name, x.name, x.hidden
FROM sqlite_schema s JOIN pragma_table_xinfo(s.name) x WHERE s.type = 'table'`
	parentsSQL = `SELECT (SELECT schema_version FROM pragma_schema_version), s.name, k."table"
FROM sqlite_schema s JOIN pragma_foreign_key_list(s.name) k WHERE s.type = 'table'`
)

// readSchema reads the schema, or what belongs to the tables that are named.
// It fails with errSchemaChanged where it was changed meanwhile.
func readSchema(ctx context.Context, src source, only []string) (*schema, error) {
	s := &schema{version: -1}
	err := s.each(ctx, src, schemaSQL, func(r client.Row) error {
		s.encoding = string(r[1].Bytes)
		if len(only) == 0 {
			s.userVersion, s.applicationID = r[6].Int, r[7].Int
		}
		if r[2].Kind == wire.Null { // there is nothing in it
			return nil
		}
		s.add(object{string(r[2].Bytes), string(r[3].Bytes), string(r[4].Bytes), string(r[5].Bytes)})
		return nil
	})
	if err == nil {
		err = s.each(ctx, src, columnsSQL, func(r client.Row) error {
			s.addColumn(string(r[1].Bytes), string(r[2].Bytes), r[3].Int)
			return nil
		})
	}
	if err == nil {
		err = s.each(ctx, src, parentsSQL, func(r client.Row) error {
			if t := s.table(string(r[1].Bytes)); t != nil {
				t.parents = append(t.parents, string(r[2].Bytes))
			}
			return nil
		})
	}
	if err == nil && len(only) > 0 {
		err = s.restrict(only)
	}
	s.sort()
	return s, err
}

// each calls row with the rows of one of the questions, whose first column is
// the schema's version.
func (s *schema) each(ctx context.Context, src source, sql string, row func(client.Row) error) error {
	rows, err := src.query(ctx, sql)
	if err != nil {
		return err
	}
	for r, err := range rows.All() {
		if err != nil {
			return err
		}
		if s.version < 0 {
			s.version = r[0].Int
		}
		if r[0].Int != s.version {
			_ = rows.Close() // a lost transaction shows at the next query
			return errSchemaChanged
		}
		if err := row(r); err != nil {
			return err
		}
	}
	return nil
}

// usingModule finds the module in CREATE VIRTUAL TABLE.
var usingModule = regexp.MustCompile(`(?is)\busing\s+["'\x60\[]?(\w+)`)

func (s *schema) add(o object) {
	switch {
	case o.kind != "table":
		s.later = append(s.later, o)
	case o.name == "sqlite_sequence":
		s.counters = true
	case strings.HasPrefix(o.name, "sqlite_"): // the statistics of ANALYZE
	default:
		t := &table{object: o}
		if virtual.MatchString(o.sql) {
			if m := usingModule.FindStringSubmatch(o.sql); m != nil {
				t.module = strings.ToLower(m[1])
			}
		}
		s.tables = append(s.tables, t)
	}
}

var uniqueIndex = regexp.MustCompile(`(?is)^\s*create\s+unique\s+index\b`)

// unique reports whether o is a unique index.
func (o *object) unique() bool { return uniqueIndex.MatchString(o.sql) }

var virtual = regexp.MustCompile(`(?is)^\s*create\s+virtual\s+table\b`)

// The values of "hidden" in PRAGMA table_xinfo.
const (
	columnOrdinary = 0
	columnHidden   = 1 // the others are generated
)

func (s *schema) addColumn(name, column string, hidden int64) {
	t := s.table(name)
	switch {
	case t == nil:
	case hidden == columnOrdinary:
		t.columns = append(t.columns, column)
	case hidden != columnHidden:
		t.listed = true
	}
}

func (s *schema) table(name string) *table {
	for _, t := range s.tables {
		if strings.EqualFold(t.name, name) {
			return t
		}
	}
	return nil
}

// restrict leaves the tables and views that are named, and what belongs to them.
func (s *schema) restrict(only []string) error {
	named := func(name string) bool {
		return slices.ContainsFunc(only, func(o string) bool { return strings.EqualFold(o, name) })
	}
	for _, name := range only {
		if s.table(name) == nil && !slices.ContainsFunc(s.later, func(o object) bool { return o.kind == "view" && strings.EqualFold(o.name, name) }) {
			return wire.Errorf(wire.CodeInvalidRequest, "There is no table %q: see .tables of the shell.", name)
		}
	}
	s.tables = slices.DeleteFunc(s.tables, func(t *table) bool { return !named(t.name) })
	s.later = slices.DeleteFunc(s.later, func(o object) bool { return !named(o.table) })
	return nil
}

// references reports whether a table refers to one by a foreign key.
func (s *schema) references() bool {
	return slices.ContainsFunc(s.tables, func(t *table) bool { return len(t.parents) > 0 })
}

// sort puts what comes after the tables in the order of: indexes, views, triggers.
func (s *schema) sort() {
	order := []string{"index", "view", "trigger"}
	slices.SortStableFunc(s.later, func(a, b object) int {
		return slices.Index(order, a.kind) - slices.Index(order, b.kind)
	})
}

// statement returns sql with its end, on a line of its own where a comment
// might hide it.
func statement(sql string) string {
	if strings.Contains(sql, "--") {
		sql += "\n"
	}
	return sql + ";\n"
}

package reader

import (
	"context"
	"database/sql"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/wire"
)

// Rows are the rows of a query, one after the other.
type Rows struct {
	of   *Conn
	sql  string
	st   *sqlite3.Stmt // nil once closed
	ctx  either
	cols []string
	err  error
}

// Query begins to read with one statement. Args are its parameters by place,
// or [sql.NamedArg] by name; [wire.ValueOf] says what each Go value is to
// SQLite. Statements that write fail with CodeSQLError. The Rows should be
// closed, and end with the snapshot.
//
// The rows are read while ctx lasts. Queries of one Conn may be open at the
// same time.
func (c *Conn) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	in := c.in
	if in == nil {
		return nil, errEnded()
	}
	rows := &Rows{of: c, sql: query, ctx: either{in.ctx, ctx}}
	err := in.guard("", func() (err error) {
		in.db.SetInterrupt(rows.ctx)
		if rows.st, err = in.cache.take(in.db, query); err != nil {
			return err
		}
		if err := bind(rows.st, args); err != nil {
			return err
		}
		rows.cols = make([]string, rows.st.ColumnCount())
		for i := range rows.cols {
			rows.cols[i] = rows.st.ColumnName(i)
		}
		return nil
	})
	if err != nil {
		rows.Close()
		return nil, rows.cause(err)
	}
	return rows, nil
}

// Columns returns the names of the columns.
func (r *Rows) Columns() []string { return r.cols }

// Next goes to the next row and reports whether there is one. After the last
// one, and where the reading failed, the Rows are closed.
func (r *Rows) Next() bool {
	if r.st == nil || r.err != nil {
		return false
	}
	c := r.of.in
	if c == nil {
		r.err = errEnded()
		return false
	}
	var found bool
	err := c.guard("", func() error {
		c.db.SetInterrupt(r.ctx)
		found = r.st.Step()
		return r.st.Err()
	})
	if err != nil {
		r.err = r.cause(err)
	}
	if !found {
		r.Close()
	}
	return found
}

// Err returns what ended the rows, nil where that was the last one.
func (r *Rows) Err() error { return r.err }

// Close gives the statement back. A second Close does nothing.
func (r *Rows) Close() error {
	if r.st == nil {
		return nil
	}
	st, c := r.st, r.of.in
	r.st = nil
	if c == nil {
		return nil
	}
	_ = c.guard("", func() error { // the error of the last step, told by Err
		c.cache.give(r.sql, st)
		return nil
	})
	return nil
}

func errEnded() error {
	return wire.Errorf(wire.CodeInvalidRequest, "The snapshot has ended: begin another.")
}

// cause explains an error by the contexts, where it is theirs.
func (r *Rows) cause(err error) error {
	if r.ctx.Context.Err() == nil {
		return (&conn{ctx: r.ctx.also}).cause(err)
	}
	return (&conn{ctx: r.ctx.Context}).cause(err)
}

// Value returns a column of the present row: nil, int64, float64, string, or
// []byte for a BLOB.
func (r *Rows) Value(i int) any {
	if r.st == nil || r.of.in == nil {
		return nil
	}
	switch r.st.ColumnType(i) {
	case sqlite3.INTEGER:
		return r.st.ColumnInt64(i)
	case sqlite3.FLOAT:
		return r.st.ColumnFloat(i)
	case sqlite3.TEXT:
		return r.st.ColumnText(i)
	case sqlite3.BLOB:
		return r.st.ColumnBlob(i, []byte{})
	}
	return nil
}

// Column is what is known of a result's column beside its name.
type Column struct {
	// Type is the declared type, "" for an expression.
	Type string
	// Table and Origin name the column of a table that it shows, if any.
	Table, Origin string
	// NotNull says that the table's column is declared so, or is its rowid.
	NotNull bool
}

// Column tells of a column.
func (r *Rows) Column(i int) (col Column) {
	c := r.of.in
	if r.st == nil || c == nil {
		return col
	}
	_ = c.guard("", func() error { // what is not known stays empty
		col.Type = r.st.ColumnDeclType(i)
		col.Table, col.Origin = r.st.ColumnTableName(i), r.st.ColumnOriginName(i)
		if col.Origin == "" {
			return nil
		}
		declared, _, notNull, key, _, err := c.db.TableColumnMetadata(r.st.ColumnDatabaseName(i), col.Table, col.Origin)
		col.NotNull = notNull || key && strings.EqualFold(declared, "INTEGER")
		return err
	})
	return col
}

// either ends with the first of two contexts.
type either struct {
	context.Context
	also context.Context
}

// Err is all that SQLite asks for, now and then, while it works.
func (e either) Err() error {
	if err := e.Context.Err(); err != nil {
		return err
	}
	return e.also.Err()
}

// bind gives a statement its parameters. Too many, too few and unknown ones
// are errors, as they are to the daemon.
func bind(st *sqlite3.Stmt, args []any) error {
	want := st.BindCount()
	if len(args) != want {
		return wire.Errorf(wire.CodeInvalidRequest, "The statement has %d parameters and %d were given.", want, len(args))
	}
	bound := make([]bool, want)
	for i, arg := range args {
		at := i + 1
		if named, ok := arg.(sql.NamedArg); ok {
			if at = indexOf(st, named.Name); at == 0 {
				return wire.Errorf(wire.CodeInvalidRequest, "The statement has no parameter named %.60q.", named.Name)
			}
			arg = named.Value
		}
		if bound[at-1] {
			return wire.Errorf(wire.CodeInvalidRequest, "Parameter %d was given twice: give all by place or all by name.", at)
		}
		bound[at-1] = true
		v, err := wire.ValueOf(arg)
		if err != nil {
			return wire.Errorf(wire.CodeInvalidRequest, "Parameter %d: %w.", at, err)
		}
		if err := sqlite.BindValue(st, at, v); err != nil {
			return err
		}
	}
	return nil
}

// indexOf finds a parameter by its name, with or without its prefix.
func indexOf(st *sqlite3.Stmt, name string) int {
	for _, prefix := range [...]string{"", ":", "@", "$"} {
		if i := st.BindIndex(prefix + name); i != 0 {
			return i
		}
	}
	return 0
}

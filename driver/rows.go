package driver

import (
	"context"
	"database/sql/driver"
	"io"
	"iter"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/reader"
	"github.com/skylinedb/skylinedb/wire"
)

var (
	_ driver.RowsColumnTypeDatabaseTypeName = (*fileRows)(nil)
	_ driver.RowsColumnTypeNullable         = (*fileRows)(nil)
	_ driver.RowsColumnTypeScanType         = (*fileRows)(nil)
	_ driver.RowsColumnTypeDatabaseTypeName = (*memoryRows)(nil)
	_ driver.RowsColumnTypeScanType         = (*remoteRows)(nil)
)

// fileRows are rows that are read from the file.
type fileRows struct {
	types
	ctx  context.Context
	conn *conn
	rows *reader.Rows
	snap *reader.Conn // of these rows alone, nil in a transaction
}

// describe finds out the columns' types, while the statement is there.
func (r *fileRows) describe() {
	r.types = make(types, len(r.rows.Columns()))
	for i := range r.types {
		col := r.rows.Column(i)
		t := typeOf(col.Type)
		t.notNull, t.known = col.NotNull, col.Origin != ""
		r.types[i] = t
	}
}

// Columns implements [driver.Rows].
func (r *fileRows) Columns() []string { return r.rows.Columns() }

// Next implements [driver.Rows].
func (r *fileRows) Next(dest []driver.Value) error {
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return told(r.ctx, err)
		}
		return io.EOF
	}
	for i := range dest {
		dest[i] = r.types[i].loaded(r.rows.Value(i))
	}
	return nil
}

// Close implements [driver.Rows].
func (r *fileRows) Close() error {
	r.rows.Close()
	if r.snap != nil {
		r.snap.End()
		delete(r.conn.open, r)
	}
	return nil
}

// memoryRows are rows that have come already.
type memoryRows struct {
	types
	columns []string
	rows    [][]driver.Value
}

// rowsOf returns the rows that a batch's statement has returned.
func rowsOf(done *client.Result) (*memoryRows, error) {
	if len(done.Results) == 0 {
		return &memoryRows{}, nil
	}
	res := &done.Results[0]
	m := &memoryRows{types: typesOf(res.Types), columns: res.Columns}
	for row, err := range res.All() {
		if err != nil {
			return nil, err
		}
		m.add(row)
	}
	return m, nil
}

func (m *memoryRows) add(row client.Row) {
	values := make([]driver.Value, len(row))
	for i, v := range row {
		values[i] = m.types[i].loaded(v.Any())
	}
	m.rows = append(m.rows, values)
}

// Columns implements [driver.Rows].
func (m *memoryRows) Columns() []string { return m.columns }

// Next implements [driver.Rows].
func (m *memoryRows) Next(dest []driver.Value) error {
	if len(m.rows) == 0 {
		return io.EOF
	}
	copy(dest, m.rows[0])
	m.rows = m.rows[1:]
	return nil
}

// Close implements [driver.Rows].
func (m *memoryRows) Close() error {
	m.rows = nil
	return nil
}

// remoteRows are rows of a transaction on their way from the daemon. When the
// transaction's next statement needs the connection, the rest is read into
// memory.
type remoteRows struct {
	memoryRows
	ctx    context.Context
	conn   *conn
	rows   *client.Rows
	next   func() (client.Row, error, bool)
	stop   func()
	failed error
}

func newRemoteRows(ctx context.Context, c *conn, rows *client.Rows) *remoteRows {
	r := &remoteRows{memoryRows: memoryRows{types: typesOf(rows.Types()), columns: rows.Columns()}, ctx: ctx, conn: c, rows: rows}
	r.next, r.stop = iter.Pull2(rows.All())
	c.ahead = r
	return r
}

// advance takes one more row from the daemon into memory.
func (r *remoteRows) advance() (more bool) {
	if r.rows == nil {
		return false
	}
	row, err, ok := r.next()
	if ok && err == nil {
		if len(row) == len(r.types) {
			r.add(row)
			return true
		}
		err = wire.Errorf(wire.CodeUnavailable, "The daemon sent a row with %d columns instead of %d.", len(row), len(r.types))
	}
	r.failed = told(r.ctx, err)
	r.end()
	return false
}

// end gives the transaction its connection back.
func (r *remoteRows) end() {
	r.stop()
	r.rows = nil
	if r.conn.ahead == r {
		r.conn.ahead = nil
	}
}

// buffer reads what is left into memory.
func (r *remoteRows) buffer() error {
	for r.advance() {
	}
	return r.failed
}

// Next implements [driver.Rows].
func (r *remoteRows) Next(dest []driver.Value) error {
	if len(r.memoryRows.rows) == 0 && !r.advance() {
		if r.failed != nil {
			return r.failed
		}
		return io.EOF
	}
	return r.memoryRows.Next(dest)
}

// Close implements [driver.Rows].
func (r *remoteRows) Close() error {
	if r.rows != nil {
		r.end() // which closes them
	}
	return r.memoryRows.Close()
}

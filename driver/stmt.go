package driver

import (
	"context"
	"database/sql/driver"
)

// stmt is a prepared statement: a text that was looked at. The reader and the
// daemon keep what they have compiled by the text.
type stmt struct {
	conn   *conn
	sql    string
	text   text
	closed bool
}

var (
	_ driver.StmtExecContext   = (*stmt)(nil)
	_ driver.StmtQueryContext  = (*stmt)(nil)
	_ driver.NamedValueChecker = (*stmt)(nil)
)

// Close implements [driver.Stmt].
func (s *stmt) Close() error {
	s.closed = true
	return nil
}

// NumInput implements [driver.Stmt]: SQLite counts the parameters, and names
// may occur more than once.
func (s *stmt) NumInput() int { return -1 }

// CheckNamedValue implements [driver.NamedValueChecker].
func (s *stmt) CheckNamedValue(v *driver.NamedValue) error { return s.conn.CheckNamedValue(v) }

// ExecContext implements [driver.StmtExecContext].
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if s.closed {
		return nil, errClosed
	}
	return s.conn.exec(ctx, s.sql, s.text, args)
}

// QueryContext implements [driver.StmtQueryContext].
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if s.closed {
		return nil, errClosed
	}
	return s.conn.query(ctx, s.sql, s.text, args)
}

// Exec implements [driver.Stmt].
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), byPlace(args))
}

// Query implements [driver.Stmt].
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), byPlace(args))
}

func byPlace(args []driver.Value) []driver.NamedValue {
	named := make([]driver.NamedValue, len(args))
	for i, v := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return named
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// stmts makes the statements of a batch: rows that share their SQL are the
// parameters of one. What cannot be sent was refused when it was read.
func stmts(chunk []loadRow) (all []client.Stmt) {
	for i, row := range chunk {
		if row.made {
			all = append(all, client.SQL(row.sql))
			continue
		}
		if i == 0 || chunk[i-1].sql != row.sql || chunk[i-1].made {
			all = append(all, client.Stmt{SQL: row.sql, Rows: &wire.ParamRows{}})
		}
		args := make([]any, len(row.values))
		for i, v := range row.values {
			args[i] = v
		}
		_ = all[len(all)-1].Rows.Add(args...) // fails only for what is not UTF-8, and NaN
	}
	return all
}

// blame finds the first row of a chunk that has failed and returns an error
// with its line. The chunk was undone; the halves of it that do not fail are
// executed again, because a row may fail for what stands before it. What that
// changes must be undone as well.
func blame(ctx context.Context, execute executor, chunk []loadRow, failure error) error {
	if !rowsFault(failure) {
		return failure
	}
	for len(chunk) > 1 {
		half := len(chunk) / 2
		_, err := execute(ctx, client.Batch{Stmts: stmts(chunk[:half])})
		switch {
		case err == nil:
			chunk = chunk[half:]
		case rowsFault(err):
			chunk, failure = chunk[:half], err
		default:
			return err
		}
	}
	// What failed may have been a larger part: the row's own error is wanted.
	if _, err := execute(ctx, client.Batch{Stmts: stmts(chunk)}); err != nil {
		failure = err
	}
	return faultOf(chunk[0].line, failure)
}

// rowsFault reports whether an error is about what was sent.
func rowsFault(err error) bool {
	switch wire.ErrorCode(err) {
	case wire.CodeSQLError, wire.CodeForbiddenStatement, wire.CodeInvalidRequest, wire.CodeFrameTooLarge:
		return true
	}
	return false
}

// blameAlone is blame for a chunk that was a batch of its own: it looks for the
// row in a transaction that is rolled back.
func blameAlone(ctx context.Context, c *client.Client, db string, chunk []loadRow, failure error) error {
	if !rowsFault(failure) {
		return failure
	}
	tx, err := c.Begin(ctx, client.BeginOptions{DB: db, Idle: txIdle, Lease: txLease})
	if err != nil {
		return failure
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) // it also ends with the connection
	return blame(ctx, tx.ExecBatch, chunk, failure)
}

// faultOf is an error that names the line of the row that it is about.
func faultOf(line int, err error) error {
	e := *wire.AsError(err)
	e.Message = fmt.Sprintf("line %d: %s", line, e.Message)
	e.StatementIndex = nil
	return &e
}

// failed adds to an error what has become of the rows. kept says that those
// of earlier batches stay.
func (l *loader) failed(err error, kept bool) error {
	what := "nothing was imported"
	if kept && l.done > 0 {
		what = count(l.done, "row") + " before it stay imported"
	}
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		e = wire.Errorf(wire.CodeInvalidRequest, "%w", err)
	}
	told := *e
	if told.Code != wire.CodeUnavailable { // of which it is not known
		told.Message = strings.TrimSuffix(told.Message, ".") + "; " + what + "."
	}
	return &told
}

func same(a, b []string) bool { return (a == nil) == (b == nil) && slices.Equal(a, b) }

// names returns columns as a list of SQL.
func names(columns []string) string {
	quoted := make([]string, len(columns))
	for i, column := range columns {
		quoted[i] = quoteName(column)
	}
	return strings.Join(quoted, ", ")
}

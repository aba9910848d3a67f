package cli

import (
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
		if startsStatement(chunk, i) {
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

// blame returns the error of a chunk with the line of the row that has failed.
func blame(chunk []loadRow, err error) error {
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		return err
	}
	statement, row := 0, 0
	for i, r := range chunk {
		if i > 0 && startsStatement(chunk, i) {
			statement, row = statement+1, 0
		}
		failed := e.StatementIndex != nil && *e.StatementIndex == statement && (e.RowIndex == nil || *e.RowIndex == row)
		if failed || len(chunk) == 1 && e.Code == wire.CodeFrameTooLarge {
			return faultOf(r.line, err)
		}
		row++
	}
	return err
}

// startsStatement reports whether row i of a chunk is the first of a statement.
func startsStatement(chunk []loadRow, i int) bool {
	return i == 0 || chunk[i].made || chunk[i-1].made || chunk[i-1].sql != chunk[i].sql
}

// faultOf is an error that names the line of the row that it is about.
func faultOf(line int, err error) error {
	e := *wire.AsError(err)
	e.Message = fmt.Sprintf("line %d: %s", line, e.Message)
	e.StatementIndex, e.RowIndex = nil, nil
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

package reader

import (
	"context"
	"errors"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/wire"
)

// errMaintenance ends the reads that run when the file goes into maintenance.
var errMaintenance = errors.New("the database is in maintenance")

// failure makes an error of the library one for the caller, but for
// [sqlite.ErrInterrupted], which only a conn can explain: see [conn.cause].
func failure(err error, deed string) error {
	if err == nil {
		return nil
	}
	err = sqlite.Translate(err, deed)
	switch {
	case errors.Is(err, sqlite.ErrInterrupted):
		return err
	case errors.Is(err, sqlite.ErrBusy):
		return wire.Errorf(wire.CodeTimeout, "Another process held a lock on the database for %v: try again. %w.", busyTimeout, err)
	case errors.Is(err, sqlite.ErrOutOfMemory):
		return wire.Errorf(wire.CodeSQLError, "The statement needs more memory than a connection may have: %w.", err)
	}
	if _, ok := errors.AsType[*wire.Error](err); ok {
		return err
	}
	return wire.Errorf(wire.CodeInternal, "SQLite failed, and its connection is replaced: %w.", err)
}

// cause returns the first error, with the reason where it is that the read's
// context has ended.
func (c *conn) cause(errs ...error) error {
	for _, err := range errs {
		switch {
		case err == nil:
		case errors.Is(err, sqlite.ErrInterrupted):
			return interrupted(c.ctx)
		default:
			return err
		}
	}
	return nil
}

// interrupted returns the error of a read whose context has ended.
func interrupted(ctx context.Context) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errMaintenance):
		return wire.Errorf(wire.CodeDatabaseClosed, "The read was ended because the database went into maintenance: read again, which waits until it is open: %w.", cause)
	case errors.Is(cause, ErrClosed):
		return closedError()
	case cause != nil:
		return wire.Errorf(wire.CodeTimeout, "The read was given up: %w.", cause)
	}
	return wire.Errorf(wire.CodeInternal, "SQLite was interrupted by nobody.")
}

// waited returns the error of a read whose context ended before it began.
func waited(ctx context.Context, what string) error {
	return wire.Errorf(wire.CodeTimeout, "The read was given up while "+what+": %w.", context.Cause(ctx))
}

// maintenanceError returns the error of a read that waited in vain for the end
// of a maintenance.
func maintenanceError(state dbfile.State, cause error) error {
	if errors.Is(cause, ErrClosed) {
		return closedError()
	}
	code := wire.CodeDatabaseClosed
	if state == dbfile.Preparing {
		code = wire.CodeDatabasePreparing
	}
	return wire.Errorf(code, "The database is in maintenance (%s): read again when it is reopened: %w.", state, cause)
}

func closedError() error {
	return wire.Errorf(wire.CodeUnavailable, "Nothing can be read any more: %w.", ErrClosed)
}

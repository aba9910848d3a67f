package driver

import (
	"context"
	"errors"
	"time"

	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/wire"
)

// errClosed is what is used after its Close fails with.
var errClosed = errors.New("skylinedb: it is closed")

// Error is a failure that SQLite has a result code for. Its fields are named as
// in other drivers for SQLite, which is how libraries find out that a row is
// there already. All else is told by the [wire.Error] in its chain.
// https://sqlite.org/rescode.html
type Error struct {
	Code         int // primary, for example 19 for SQLITE_CONSTRAINT
	ExtendedCode int // for example 2067 for SQLITE_CONSTRAINT_UNIQUE
	err          error
}

// Error returns the code and the message of the [wire.Error].
func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns the [wire.Error].
func (e *Error) Unwrap() error { return e.err }

// rounding is how much earlier than a context its time may be over to the
// daemon, which has it in milliseconds, and more.
const rounding = 5 * time.Millisecond

// told makes an error one for the caller: with SQLite's codes where it has
// them, and with the context's error in its chain where the daemon has found out
// first that the time is over.
func told(ctx context.Context, err error) error {
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		return err
	}
	end, ok := ctx.Deadline()
	if ok && e.Code == wire.CodeTimeout && e.Cause == nil && time.Until(end) < rounding {
		late := *e
		late.Cause = context.DeadlineExceeded
		return &late
	}
	if n := sqlite.CodeNumber(e.SQLiteCode); n != 0 {
		return &Error{Code: int(n & 0xff), ExtendedCode: int(n), err: err}
	}
	return err
}

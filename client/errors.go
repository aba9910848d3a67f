package client

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/skylinedb/skylinedb/wire"
)

// Error is what every call fails with: a code for programs and a sentence for
// people. Find it with [errors.As], or its code with [ErrorCode].
type Error = wire.Error

// Code names a kind of failure; the constants are in package wire.
type Code = wire.Code

// ErrorCode returns the code of err, the empty Code for nil.
func ErrorCode(err error) Code { return wire.ErrorCode(err) }

// Causes of an [Error] with CodeUnavailable, for [errors.Is].
var (
	// ErrNotRunning: no daemon listens, and this call may start none.
	ErrNotRunning = errors.New("the daemon is not running")
	// ErrClosed: the Client is closed.
	ErrClosed = errors.New("the client is closed")
)

// passing marks an error that may be gone at the next try: no daemon yet, a
// lost connection, a daemon that is ending. Every other error ends the call.
type passing struct{ err error }

func (p *passing) Error() string { return p.err.Error() }
func (p *passing) Unwrap() error { return p.err }

func isPassing(err error) bool {
	_, ok := errors.AsType[*passing](err)
	return ok
}

// passes reports whether a reply with this error says "not now": the daemon is
// ending, a bound is reached, or the disk failed in a way that leaves it open
// whether the batch was executed, which asking again finds out.
func passes(err error) bool {
	e := wire.AsError(err)
	switch e.Code {
	case wire.CodeShuttingDown, wire.CodeQueueFull:
		return true
	case wire.CodeIOError:
		return e.Retryable
	}
	return false
}

// decides reports whether a failure tells that the batch was not executed,
// now or before. These codes come after the daemon has looked for the record
// of the request; any other may come without that look, and then says nothing
// about an earlier copy of the request whose reply was lost.
func decides(err error) bool {
	switch wire.ErrorCode(err) {
	case wire.CodeSQLError, wire.CodeForbiddenStatement, wire.CodeRevMismatch, wire.CodeRequestIDReused, wire.CodeTxExpired:
		return true
	}
	return false
}

// unavailable makes err, which is for the caller now, an [Error].
func unavailable(err error) error {
	if _, ok := errors.AsType[*wire.Error](err); ok && !isPassing(err) {
		return err
	}
	if errors.Is(err, ErrClosed) {
		return wire.Errorf(wire.CodeUnavailable, "The client is closed%w", unsaid{err})
	}
	if errors.Is(err, ErrNotRunning) {
		return wire.Errorf(wire.CodeUnavailable, "The daemon is not running%w", unsaid{err})
	}
	return wire.Errorf(wire.CodeUnavailable, "The daemon cannot be reached: %w.", &phrase{err})
}

// gaveUp is the error of a call whose context has ended. last is the trouble
// that it was retried for, if any.
func gaveUp(ctx context.Context, sent bool, last error) error {
	cause := context.Cause(ctx)
	if last != nil {
		cause = fmt.Errorf("%w, after %w", cause, &phrase{last})
	}
	if sent {
		return wire.Errorf(wire.CodeUnavailable, "The call was given up before its reply came, so that the daemon may or may not have done what it asks: %w.", cause)
	}
	return wire.Errorf(wire.CodeUnavailable, "The call was given up before it reached the daemon: %w.", cause)
}

// gaveUpWaiting is gaveUp for what the daemon ends with its connection.
func gaveUpWaiting(ctx context.Context, last error) error {
	cause := context.Cause(ctx)
	if last != nil {
		cause = fmt.Errorf("%w, after %w", cause, &phrase{last})
	}
	return wire.Errorf(wire.CodeUnavailable, "The call was given up before its reply came, and nothing of it is left: %w.", cause)
}

// phrase is an error as a part of a sentence.
type phrase struct{ err error }

func (p *phrase) Error() string {
	text := p.err.Error()
	if e, ok := errors.AsType[*wire.Error](p.err); ok {
		text = e.Message
	}
	return strings.TrimSuffix(text, ".")
}

func (p *phrase) Unwrap() error { return p.err }

// unsaid ends a sentence and keeps the cause, which the sentence does not tell.
type unsaid struct{ err error }

func (unsaid) Error() string   { return "." }
func (u unsaid) Unwrap() error { return u.err }

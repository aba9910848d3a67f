package wire

import (
	"errors"
	"fmt"
)

// Code names a kind of failure. Codes are part of the protocol: a client may
// switch on them, and none is ever renamed or used for something else.
type Code string

// The codes that the daemon sends.
const (
	// CodeInvalidRequest: the frame is not a request that the protocol allows.
	CodeInvalidRequest Code = "INVALID_REQUEST"
	// CodeUnknownType: the request's type is not one of the protocol's.
	CodeUnknownType Code = "UNKNOWN_TYPE"
	// CodeFrameTooLarge: the announced length is above the limit; the
	// connection is closed after the reply.
	CodeFrameTooLarge Code = "FRAME_TOO_LARGE"
	// CodeInvalidDatabaseName: the name is not that of a database which the
	// daemon may serve.
	CodeInvalidDatabaseName Code = "INVALID_DATABASE_NAME"
	// CodeDatabasePreparing: the database accepts no writes since
	// PrepareForMaintenance.
	CodeDatabasePreparing Code = "DATABASE_PREPARING"
	// CodeDatabaseClosed: the database is closed until ReopenDatabase.
	CodeDatabaseClosed Code = "DATABASE_CLOSED"
	// CodeCheckpointBusy: readers kept the log from being emptied.
	CodeCheckpointBusy Code = "CHECKPOINT_BUSY"
	// CodeSQLError: SQLite refused a statement and the batch was rolled back.
	CodeSQLError Code = "SQL_ERROR"
	// CodeForbiddenStatement: the statement is not allowed in a batch.
	CodeForbiddenStatement Code = "FORBIDDEN_STATEMENT"
	// CodeTimeout: the request's time passed and the batch was rolled back.
	CodeTimeout Code = "TIMEOUT"
	// CodeQueueFull: a bound of the daemon is reached; ask again later.
	CodeQueueFull Code = "QUEUE_FULL"
	// CodeNotADatabase: the file is not a SQLite database.
	CodeNotADatabase Code = "NOT_A_DATABASE"
	// CodeDiskFull: the disk has no room for the batch.
	CodeDiskFull Code = "DISK_FULL"
	// CodeIOError: the file or the disk failed.
	CodeIOError Code = "IO_ERROR"
	// CodeReadersRemain: another process has the file open and
	// CloseDatabase asked for none.
	CodeReadersRemain Code = "READERS_REMAIN"
	// CodeRevMismatch: expect_rev is not the present rev.
	CodeRevMismatch Code = "REV_MISMATCH"
	// CodeStaleWAL: a log lies beside the file that does not belong to it.
	CodeStaleWAL Code = "STALE_WAL"
	// CodeRequestIDReused: the request_id was used for another batch.
	CodeRequestIDReused Code = "REQUEST_ID_REUSED"
	// CodeTxExpired: there is no such transaction on the connection any more.
	CodeTxExpired Code = "TX_EXPIRED"
	// CodeCancelled: a Cancel ended the request.
	CodeCancelled Code = "CANCELLED"
	// CodeSnapshotTooLong: a Query held its snapshot for too long.
	CodeSnapshotTooLong Code = "SNAPSHOT_TOO_LONG"
	// CodeResultTooLarge: rows beyond the bound.
	CodeResultTooLarge Code = "RESULT_TOO_LARGE"
	// CodeNoDatabase: a Query of a file that does not exist.
	CodeNoDatabase Code = "NO_DATABASE"
	// CodeShuttingDown: the daemon is ending; ask the next one.
	CodeShuttingDown Code = "SHUTTING_DOWN"
	// CodeInternal: a defect of the daemon, contained to this request.
	CodeInternal Code = "INTERNAL"
)

// The codes that only a client library makes; the daemon never sends them.
const (
	// CodeDirMismatch: the running daemon serves another directory than the
	// one that the client was given.
	CodeDirMismatch Code = "DIR_MISMATCH"
	// CodeUnavailable: no daemon could be reached or started.
	CodeUnavailable Code = "UNAVAILABLE"
)

// Error is a failed request: a code for machines and one sentence for people.
// The zero value of each optional field means that it does not apply.
type Error struct {
	Code    Code
	Message string // one sentence that says what to do
	// Retryable says that the same request may succeed later, unchanged.
	Retryable bool
	// SQLiteCode is the extended result code by its C name, for example
	// SQLITE_CONSTRAINT_UNIQUE (https://sqlite.org/rescode.html).
	SQLiteCode string
	// StatementIndex is the zero-based place of the failed statement in its
	// batch, nil where no statement is to blame.
	StatementIndex *int
	// RowIndex is the zero-based place of the row of param_rows that failed,
	// nil where the statement has none.
	RowIndex *int
	// Rev and RowsAffected tell what a batch with tx "none" committed before
	// its failure; Rev is also the present rev of a REV_MISMATCH.
	Rev          *int64
	RowsAffected *int64
	// Cause is the underlying error, for logs; it does not travel.
	Cause error
}

// Errorf returns an Error of the given code whose message is formatted as by
// [fmt.Errorf], with texts quoted as by [Quote]; an operand of the verb %w
// becomes its Cause.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, quoteTexts(args)...)
	return &Error{Code: code, Message: err.Error(), Retryable: code.Retryable(), Cause: errors.Unwrap(err)}
}

// Error returns the code and the message.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Unwrap returns the cause, nil on the client's side of the wire.
func (e *Error) Unwrap() error { return e.Cause }

// Retryable reports whether failures of this kind pass by themselves, so that
// the same request may succeed later. An [Error] can say otherwise of itself.
func (c Code) Retryable() bool {
	switch c {
	case CodeQueueFull, CodeShuttingDown, CodeDatabasePreparing, CodeDatabaseClosed,
		CodeCheckpointBusy, CodeReadersRemain, CodeTimeout, CodeDiskFull:
		return true
	}
	return false
}

// ErrorCode returns the code of the first [Error] in err's chain, the empty
// Code for nil, and CodeInternal for any other error.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// AsError returns the first [Error] in err's chain. Any other error becomes
// one with CodeInternal that keeps err as its cause and does not show it.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: CodeInternal, Message: "The daemon failed on this request; its log has the details.", Cause: err}
}

package sqlite

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/wire"
)

// ErrBusy means that another process holds a lock. It never reaches a client.
var ErrBusy = errors.New("another process holds a lock on the database")

// ErrInterrupted means that the context of the call ended. SQLite may have
// rolled the transaction back.
var ErrInterrupted = errors.New("interrupted")

// maxMessage bounds a message: SQLite quotes the client's text in its own.
const maxMessage = 500

// translate turns an error of the library into one of the protocol, or into
// ErrBusy, ErrInterrupted or a fault; nil stays nil and ours stay ours. The
// deed is what was being done, "" for a client's statement.
func translate(err error, deed string) error {
	var code sqlite3.ExtendedErrorCode
	switch {
	case err == nil, errors.Is(err, ErrFault), errors.Is(err, ErrNotPrepared), errors.Is(err, ErrBusy), errors.Is(err, ErrInterrupted):
		return err
	}
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return e
	}
	if !errors.As(err, &code) {
		return fmt.Errorf("%s: %w", deed, err)
	}
	switch sqlite3.ErrorCode(code & 0xff) {
	case sqlite3.BUSY, sqlite3.LOCKED:
		return fmt.Errorf("%w (%s)", ErrBusy, codeName(uint32(code)))
	case sqlite3.INTERRUPT:
		return ErrInterrupted
	}
	// SQLite's own sentence, without the general one that the library puts before.
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), code.Error()+": "), "sqlite3: ")
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	if deed != "" {
		text = "Could not " + deed + ": " + text + "."
	}
	kind := kindOf(sqlite3.ErrorCode(code&0xff), err)
	return &wire.Error{
		Code: kind, Message: text, Retryable: kind.Retryable(),
		SQLiteCode: codeName(uint32(code)), Cause: err,
	}
}

// kindOf says whether the statement, the file or the disk is to blame.
func kindOf(code sqlite3.ErrorCode, err error) wire.Code {
	switch code {
	case sqlite3.FULL:
		return wire.CodeDiskFull
	case sqlite3.NOTADB:
		return wire.CodeNotADatabase
	case sqlite3.IOERR, sqlite3.CANTOPEN:
		if errors.Is(err, syscall.ENOSPC) {
			return wire.CodeDiskFull
		}
		return wire.CodeIOError
	case sqlite3.CORRUPT, sqlite3.READONLY, sqlite3.PERM, sqlite3.PROTOCOL, sqlite3.NOLFS:
		return wire.CodeIOError
	}
	return wire.CodeSQLError
}

// ForeignKeyError is the failure of a batch that leaves a deferred foreign
// key violated.
func ForeignKeyError() *wire.Error {
	return &wire.Error{
		Code: wire.CodeSQLError, SQLiteCode: codeName(uint32(sqlite3.CONSTRAINT_FOREIGNKEY)),
		Message: "FOREIGN KEY constraint failed: a deferred foreign key is still violated at the end of the batch.",
	}
}

// IsPassing reports whether err is what a reader may meet for a moment, while
// another process opens the database, or removes a journal, or has been killed
// and the next one cleans up. https://sqlite.org/rescode.html#readonly_rollback
func IsPassing(err error) bool {
	e, ok := errors.AsType[*wire.Error](err)
	return ok && slices.Contains([]string{"SQLITE_READONLY_ROLLBACK", "SQLITE_READONLY_RECOVERY", "SQLITE_READONLY_CANTINIT"}, e.SQLiteCode)
}

// IsCorrupt reports whether e says that the database file is damaged.
func IsCorrupt(e *wire.Error) bool {
	switch e.SQLiteCode {
	case "SQLITE_CORRUPT", "SQLITE_CORRUPT_VTAB", "SQLITE_CORRUPT_SEQUENCE", "SQLITE_CORRUPT_INDEX", "SQLITE_NOTADB":
		return true
	}
	return false
}

package sqlite

import (
	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/skylinedb/skylinedb/wire"
)

// Translate turns an error of the library, on a connection that another
// package has opened, into a [wire.Error], or into [ErrBusy],
// [ErrInterrupted] or [ErrFault]. The deed is what was being done, "" for
// somebody's statement.
func Translate(err error, deed string) error { return translate(err, deed) }

// FaultError returns the error for a panic inside the library, caught on a
// connection that another package has opened. The connection's state is
// unknown then.
func FaultError(v any) error { return faultError(v) }

// BindValue gives a statement, of a connection that another package has opened,
// the value of parameter i.
func BindValue(st *sqlite3.Stmt, i int, v wire.Value) error { return bindValue(st, i, v) }

// Abandon lets go of the files and locks of a connection that cannot be closed
// any more. Its memory is lost.
func Abandon(file vfs.File) { (&Conn{file: file}).abandon() }

// CodeNumber returns the extended result code of that name, 0 for none.
func CodeNumber(name string) uint32 {
	for number, known := range codeNames {
		if known == name {
			return number
		}
	}
	return 0
}

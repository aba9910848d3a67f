package dbfile

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/skylinedb/skylinedb/wire"
)

// maxQuoted bounds what an error message repeats of a client's name.
const maxQuoted = 120

// quote returns name for a message, cut where it is long.
func quote(name string) string {
	if len(name) > maxQuoted {
		return wire.Quote(name[:maxQuoted]) + "..."
	}
	return wire.Quote(name)
}

// refuse returns the refusal of a database name. The format is the rest of a
// sentence that starts with the name.
func refuse(name, format string, args ...any) *wire.Error {
	return wire.Errorf(wire.CodeInvalidDatabaseName, "The database name %s "+format+".", append([]any{quote(name)}, args...)...)
}

// ioError returns err as the failure of a deed ("write %q"), with
// CodeDiskFull where there was no room and CodeIOError otherwise.
func ioError(err error, deed string, args ...any) *wire.Error {
	code, advice := wire.CodeIOError, "check the folder, its permissions and the disk"
	if isDiskFull(err) {
		code, advice = wire.CodeDiskFull, "make room on the disk and try again"
	}
	e := wire.Errorf(code, "Could not "+deed+" (%v); %s.", append(slices.Clip(args), bare(err), advice)...)
	e.Cause = err
	return e
}

// bare strips the operation and path that package os adds: the deed has them.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}

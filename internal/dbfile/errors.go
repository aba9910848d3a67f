package dbfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"github.com/skylinedb/skylinedb/wire"
)

// maxQuoted bounds what an error message repeats of a client's name.
const maxQuoted = 120

// quote returns name for a message: escaped, and cut where it is long.
func quote(name string) string {
	if len(name) > maxQuoted {
		return strconv.Quote(name[:maxQuoted]) + "..."
	}
	return strconv.Quote(name)
}

// refuse returns the refusal of a database name. The format is the rest of a
// sentence that starts with the name.
func refuse(name, format string, args ...any) *wire.Error {
	return wire.Errorf(wire.CodeInvalidDatabaseName, "The database name %s %s.", quote(name), fmt.Sprintf(format, args...))
}

// ioError returns err as the failure of a deed ("write %q"), with
// CodeDiskFull where there was no room and CodeIOError otherwise.
func ioError(err error, deed string, args ...any) *wire.Error {
	code, advice := wire.CodeIOError, "check the folder, its permissions and the disk"
	if isDiskFull(err) {
		code, advice = wire.CodeDiskFull, "make room on the disk and try again"
	}
	return &wire.Error{
		Code:      code,
		Message:   fmt.Sprintf("Could not %s (%v); %s.", fmt.Sprintf(deed, args...), bare(err), advice),
		Retryable: code.Retryable(),
		Cause:     err,
	}
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

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/ncruces/go-sqlite3"
)

// ErrFault is in the chain of an error that stands for a panic inside SQLite.
// The connection it happened on is [Conn.Broken].
var ErrFault = errors.New("fault inside SQLite")

// ErrOutOfMemory is the fault of a statement that wants more memory than a
// connection may have.
var ErrOutOfMemory = fmt.Errorf("%w: out of memory", ErrFault)

// outOfMemory is the value that the library panics with when its sandbox is
// full. It has no exported name, so it is provoked once.
var outOfMemory = func() (v any) {
	defer func() { v = recover() }()
	sqlite3.WithMaxMemory(context.Background(), -1)
	return nil
}()

// guard runs f and turns a panic into an error: a fault of one database must
// not reach the others. Memory faults of the mapped -shm file count as well,
// where the goroutine has debug.SetPanicOnFault.
func (c *Conn) guard(f func() error) (err error) {
	defer func() {
		switch v := recover(); {
		case v == nil:
		case v == outOfMemory:
			c.broken = true
			err = ErrOutOfMemory
		default:
			c.broken = true
			err = fmt.Errorf("%w: %v\n%s", ErrFault, v, debug.Stack())
		}
	}()
	return f()
}

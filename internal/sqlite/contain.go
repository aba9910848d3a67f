package sqlite

import (
	"fmt"
	"io"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/wire"
)

// Faults that a statement can bring about at will, with an error for who sent it.
var (
	// errStack: it nests too deep for SQLite's stack, which has 64 KiB in the
	// sandbox. No limit of SQLite's keeps all statements off its end: a chain
	// of 70 triggers reaches it, as do 200 views on views, or a path of 500
	// steps into JSON.
	errStack = &wire.Error{
		Code: wire.CodeSQLError, SQLiteCode: codeName(uint32(sqlite3.NOMEM)),
		Message: "The statement nests too deep or is too long for SQLite's stack: split it.",
	}
	// errName: a name in it is longer than the library reads.
	errName = &wire.Error{
		Code: wire.CodeSQLError, SQLiteCode: codeName(uint32(sqlite3.TOOBIG)),
		Message: "A name in the statement is longer than a million bytes.",
	}
)

// unterminated is the library's panic for errName.
const unterminated = "sqlite3: missing NUL terminator"

// contain runs f, a client's. A fault in it is the end of the Conn, which may
// be hard to close: a statement that was being compiled stands in the way, and
// the place on SQLite's stack is lost.
func (c *Conn) contain(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			c.broken = true
			err = faultError(v)
			if s := sandboxOf(c.db); s != nil {
				*s.X__stack_pointer() = stackTop
			}
		}
	}()
	return f()
}

// faultError returns the error for a panic inside SQLite.
func faultError(v any) error {
	switch {
	case v == outOfMemory:
		return ErrOutOfMemory
	case stackExhausted(v):
		return errStack
	case fmt.Sprint(v) == unterminated:
		return errName
	}
	return fmt.Errorf("%w: %v\n%s", ErrFault, v, debug.Stack())
}

// stackExhausted reports whether a panic is that of an access below the
// sandbox's stack, which lies at its very beginning: an address just below 0
// wraps to the end of 32 bits, and a field's offset may lead beyond it again.
// A sandbox has 28 bits at the most. The value has no type that could be asked.
func stackExhausted(v any) bool {
	e, ok := v.(runtime.Error)
	if !ok {
		return false
	}
	const end, near = 1 << 32, 1 << 20
	_, place, _ := strings.Cut(e.Error(), "out of range [")
	var at int64
	_, err := fmt.Sscanf(place, "%d", &at)
	return err == nil && end-near <= at && at < end+near
}

// sandbox is what the library keeps a connection's memory by. It has no other
// way to free the memory of a connection that SQLite does not close.
type sandbox interface {
	io.Closer
	X__stack_pointer() *int32
}

// stackTop is where SQLite's stack begins, to grow downwards.
const stackTop = 64 << 10

// sandboxOf returns the sandbox of a connection, which the library does not
// export; nil where it is not found.
func sandboxOf(db *sqlite3.Conn) sandbox {
	field := reflect.ValueOf(db).Elem().FieldByName("wrp")
	if !field.IsValid() {
		return nil
	}
	s, _ := reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Elem().Interface().(sandbox)
	return s
}

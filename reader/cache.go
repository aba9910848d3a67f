package reader

import (
	"slices"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/wire"
)

// Bounds of a connection's cache: programs compose SQL without end.
const (
	maxCached    = 64       // statements
	maxCachedSQL = 16 << 10 // bytes of one
)

// stmtCache keeps compiled statements, the last used at the end. One that is
// in use is not in it.
type stmtCache struct {
	idle []cached
	used []*sqlite3.Stmt
}

type cached struct {
	sql string
	st  *sqlite3.Stmt
}

// take returns the one statement of sql, compiled.
func (k *stmtCache) take(db *sqlite3.Conn, sql string) (*sqlite3.Stmt, error) {
	for i := len(k.idle) - 1; i >= 0; i-- {
		if k.idle[i].sql == sql {
			st := k.idle[i].st
			k.idle = slices.Delete(k.idle, i, i+1)
			k.used = append(k.used, st)
			return st, nil
		}
	}
	st, err := compile(db, sql)
	if err == nil {
		k.used = append(k.used, st)
	}
	return st, err
}

// compile compiles a text that must be one statement.
func compile(db *sqlite3.Conn, sql string) (*sqlite3.Stmt, error) {
	st, tail, err := db.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return nil, wire.Errorf(wire.CodeInvalidRequest, "The text has no statement.")
	}
	for tail != "" {
		more, rest, err := db.Prepare(tail)
		if more != nil || err != nil {
			more.Close()
			st.Close()
			return nil, wire.Errorf(wire.CodeInvalidRequest, "The text has several statements, and one is read at a time: split it.")
		}
		tail = rest
	}
	return st, nil
}

// give puts a statement back, or does away with it.
func (k *stmtCache) give(sql string, st *sqlite3.Stmt) {
	i := slices.Index(k.used, st)
	if i < 0 {
		return // the snapshot has ended
	}
	k.used = slices.Delete(k.used, i, i+1)
	_ = st.Reset() // the error of the last step, told already
	if len(sql) > maxCachedSQL || st.ClearBindings() != nil {
		st.Close()
		return
	}
	k.idle = append(k.idle, cached{sql, st})
	if len(k.idle) > maxCached {
		k.idle[0].st.Close()
		k.idle = slices.Delete(k.idle, 0, 1)
	}
}

// reset takes the statements away from who has not given them back: a
// snapshot does not end while one of them runs.
func (k *stmtCache) reset() {
	for _, st := range k.used {
		st.Close()
	}
	k.used = nil
}

// clear forgets the statements that are not in use.
func (k *stmtCache) clear() {
	for _, c := range k.idle {
		c.st.Close()
	}
	k.idle = nil
}

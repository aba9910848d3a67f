package sqlite

import (
	"container/list"

	"github.com/ncruces/go-sqlite3"
)

// Bounds of the statement cache: clients send what they like.
const (
	cacheStmts  = 64       // statements
	cacheSQLMax = 16 << 10 // bytes of one statement's text
)

// stmtCache keeps the clients' statements that were used last, by their text.
// A schema change needs no care: SQLite compiles such a statement anew, and
// asks the gate again. The zero stmtCache is empty.
type stmtCache struct {
	byText map[string]*list.Element // of cached
	recent list.List                // the one used last in front
}

// cached is a statement and the tables that it may change.
type cached struct {
	sql    string
	stmt   *sqlite3.Stmt // nil while it is used, or was closed then
	tables []string
}

// take returns the statement for sql, nil if there is none. It is the caller's
// until put, so that nothing closes it while it is used.
func (c *stmtCache) take(sql string) (*sqlite3.Stmt, []string) {
	if len(sql) > cacheSQLMax { // none is kept, and the text need not be hashed
		return nil, nil
	}
	e, ok := c.byText[sql]
	if !ok {
		return nil, nil
	}
	c.recent.MoveToFront(e)
	found := e.Value.(*cached)
	st := found.stmt
	found.stmt = nil
	return st, found.tables
}

// put keeps st, which is reset and has no bindings, and closes the statement
// that was used longest ago if there are too many.
func (c *stmtCache) put(sql string, st *sqlite3.Stmt, tables []string) {
	if len(sql) > cacheSQLMax {
		st.Close()
		return
	}
	if e, ok := c.byText[sql]; ok { // it was taken from here
		kept := e.Value.(*cached)
		kept.stmt, kept.tables = st, tables
		return
	}
	if c.byText == nil {
		c.byText = make(map[string]*list.Element, cacheStmts)
	}
	c.byText[sql] = c.recent.PushFront(&cached{sql, st, tables})
	if c.recent.Len() > cacheStmts {
		last := c.recent.Remove(c.recent.Back()).(*cached)
		delete(c.byText, last.sql)
		last.stmt.Close()
	}
}

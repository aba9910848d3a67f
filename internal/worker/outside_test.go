package worker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"
)

// outside is a connection of another program, which opens a database directly,
// past the daemon. It uses the library that the daemon uses, whose locks on
// Linux and macOS belong to the open file and not to the process, so that it
// can stand for another process while the worker's connection is open.
type outside struct {
	t  testing.TB
	db *sqlite3.Conn
}

// openOutside opens file for reading and writing and creates it if need be. The
// connection is closed with the test at the latest.
func openOutside(t testing.TB, file string) *outside {
	t.Helper()
	return openWith(t, file, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
}

// openReader opens file for reading.
func openReader(t testing.TB, file string) *outside {
	t.Helper()
	return openWith(t, file, sqlite3.OPEN_READONLY)
}

func openWith(t testing.TB, file string, flags sqlite3.OpenFlag) *outside {
	t.Helper()
	db, err := sqlite3.OpenFlags(file, flags)
	if err != nil {
		t.Fatalf("open %q from outside: %v", file, err)
	}
	o := &outside{t: t, db: db}
	t.Cleanup(o.close)
	return o
}

// close closes the connection. It may be called twice.
func (o *outside) close() {
	if o.db == nil {
		return
	}
	if err := o.db.Close(); err != nil {
		o.t.Errorf("close from outside: %v", err)
	}
	o.db = nil
}

// exec runs statements and fails the test if one of them fails.
func (o *outside) exec(sql string) {
	o.t.Helper()
	if err := o.db.Exec(sql); err != nil {
		o.t.Fatalf("outside: %s: %v", sql, err)
	}
}

// query returns the rows of a query as text, with a bar between columns and a
// space between rows.
func (o *outside) query(sql string) string {
	o.t.Helper()
	st, _, err := o.db.Prepare(sql)
	if err != nil {
		o.t.Fatalf("outside: %s: %v", sql, err)
	}
	defer st.Close()
	var rows []string
	for st.Step() {
		rows = append(rows, row(st))
	}
	if err := st.Err(); err != nil {
		o.t.Fatalf("outside: %s: %v", sql, err)
	}
	return strings.Join(rows, " ")
}

func row(st *sqlite3.Stmt) string {
	var columns []string
	for i := range st.ColumnCount() {
		switch st.ColumnType(i) {
		case sqlite3.NULL:
			columns = append(columns, "NULL")
		case sqlite3.BLOB:
			columns = append(columns, fmt.Sprintf("x'%X'", st.ColumnRawBlob(i)))
		default:
			columns = append(columns, st.ColumnText(i))
		}
	}
	return strings.Join(columns, "|")
}

// hold begins a read of the database and returns a function that ends it.
// Until then the snapshot is in use.
func (o *outside) hold() (release func()) {
	o.t.Helper()
	o.exec(`BEGIN`)
	o.query(`SELECT count(*) FROM sqlite_schema`)
	return func() { o.exec(`COMMIT`) }
}

package harness

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/ncruces/go-sqlite3"
)

// SQLite is a connection to a database past the daemon, in a process of its
// own. It keeps what its last statement left: a transaction, a snapshot, a
// file that is merely open.
type SQLite struct{ p *Process }

// Open opens a database in another process: with mode "ro" as readers should,
// with "rw" as nobody should, with "rwc" to make a file. The process ends with
// the test.
func Open(t testing.TB, file, mode string) *SQLite {
	t.Helper()
	o := &SQLite{StartRole(t, "sqlite", file, mode)}
	o.Exec(`SELECT 1`)
	return o
}

// question and answer are the lines between a test and the process of its
// SQLite.
type question struct{ SQL string }

type answer struct {
	Row []string // the columns of the first row, empty for NULL
	Err string
}

// Try runs statements and returns the first row of the last. It may be called
// from any goroutine, one at a time.
func (o *SQLite) Try(sql string) ([]string, error) {
	line, err := json.Marshal(question{sql})
	if err != nil {
		return nil, err
	}
	if _, err := o.p.stdin.Write(append(line, '\n')); err != nil {
		return nil, err
	}
	text, ok := o.p.Next()
	if !ok {
		return nil, fmt.Errorf("the process ended: %s", o.p.Output())
	}
	var a answer
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return nil, err
	}
	if a.Err != "" {
		return nil, fmt.Errorf("%s: %s", sql, a.Err)
	}
	return a.Row, nil
}

// Exec runs statements that must succeed.
func (o *SQLite) Exec(sql string) {
	o.p.t.Helper()
	if _, err := o.Try(sql); err != nil {
		o.p.t.Fatal(err)
	}
}

// Text returns the first column of the only row of a query.
func (o *SQLite) Text(sql string) string {
	o.p.t.Helper()
	row, err := o.Try(sql)
	if err != nil || len(row) == 0 {
		o.p.t.Fatalf("%s: %q, %v", sql, row, err)
	}
	return row[0]
}

// Int is Text for a number.
func (o *SQLite) Int(sql string) int64 {
	o.p.t.Helper()
	text := o.Text(sql)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		o.p.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// Close closes the connection and waits for the end of its process.
func (o *SQLite) Close() {
	o.p.t.Helper()
	o.p.HangUp()
	if status := o.p.Wait(); status != 0 {
		o.p.t.Fatalf("the SQLite process ended with status %d: %s", status, o.p.Output())
	}
}

// serveSQLite is the role of an outside connection: it answers each line.
func serveSQLite(args []string, stdin io.Reader, stdout io.Writer) error {
	name := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(args[0]), RawQuery: "mode=" + args[1]}
	db, err := sqlite3.OpenFlags(name.String(), sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE|sqlite3.OPEN_URI)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.BusyTimeout(Patience); err != nil {
		return err
	}
	lines, out := bufio.NewScanner(stdin), json.NewEncoder(stdout)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return err
		}
		var a answer
		if a.Row, err = firstRow(db, q.SQL); err != nil {
			a.Err = err.Error()
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
	return db.Close()
}

// firstRow runs the statements of sql and returns the first row of the last.
func firstRow(db *sqlite3.Conn, sql string) (row []string, err error) {
	for sql != "" {
		st, tail, err := db.Prepare(sql)
		if err != nil {
			return nil, err
		}
		row, sql = nil, tail
		if st == nil { // blanks
			continue
		}
		for st.Step() {
			if row == nil {
				row = columns(st)
			}
		}
		if err := st.Close(); err != nil {
			return nil, err
		}
	}
	return row, nil
}

func columns(st *sqlite3.Stmt) (row []string) {
	for i := range st.ColumnCount() {
		row = append(row, st.ColumnText(i))
	}
	return row
}

// Kill ends the process of the connection as kill -9 does, and waits for that.
func (o *SQLite) Kill() {
	o.p.t.Helper()
	o.p.Kill()
	o.p.Wait()
}

package history

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/test/harness"
)

// view is what a reader sees in the file, all in one snapshot.
type view struct {
	Rev   int64 // 0 where the daemon's tables are not there
	Epoch string
	Table bool // there is the table t
	Rows  map[int]int
	Err   string // reading failed

	NeedsRollback bool // that is why
}

// reader is a client's connection to the file of a database, past the daemon.
type reader struct {
	r    *recorder
	db   *sqlite3.Conn
	span span
}

// openReader opens the file as docs/protocol.md tells readers to. Where there
// is no file there is no reader.
func openReader(r *recorder, db int, file string) (*reader, error) {
	o := &reader{r: r, span: span{db: db, open: r.tick()}}
	name := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(file), RawQuery: "mode=ro"}
	var err error
	if _, err = os.Lstat(file); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if o.db, err = sqlite3.OpenFlags(name.String(), sqlite3.OPEN_READONLY|sqlite3.OPEN_URI); err != nil {
		return nil, err
	}
	return o, o.db.BusyTimeout(harness.Patience)
}

// close gives the file up.
func (o *reader) close() error {
	o.span.close = o.r.tick()
	err := o.db.Close()
	o.span.closing = o.r.tick()
	o.r.addSpan(o.span)
	return err
}

// look reads everything.
func (o *reader) look() (*view, error) {
	v := &view{Rows: map[int]int{}}
	if err := o.db.Exec(`BEGIN`); err != nil {
		return nil, err
	}
	err := o.fill(v)
	if err := errors.Join(err, o.db.Exec(`COMMIT`)); err != nil {
		return nil, err
	}
	if v.Rev > 0 && o.span.opened == 0 { // the file has a log, on which every reader keeps a lock
		o.span.opened = o.r.tick()
	}
	return v, nil
}

func (o *reader) fill(v *view) error {
	tables := map[string]bool{}
	err := o.query(`SELECT name FROM sqlite_schema`, func(s *sqlite3.Stmt) { tables[s.ColumnText(0)] = true })
	if err != nil {
		return err
	}
	if tables["_skylinedb_state"] {
		err = o.query(`SELECT rev, epoch FROM _skylinedb_state`, func(s *sqlite3.Stmt) { v.Rev, v.Epoch = s.ColumnInt64(0), s.ColumnText(1) })
	}
	if v.Table = tables["t"]; v.Table && err == nil {
		err = o.query(`SELECT k, v FROM t`, func(s *sqlite3.Stmt) { v.Rows[s.ColumnInt(0)] = s.ColumnInt(1) })
	}
	return err
}

func (o *reader) query(sql string, row func(*sqlite3.Stmt)) error {
	s, _, err := o.db.Prepare(sql)
	if err != nil {
		return err
	}
	for s.Step() {
		row(s)
	}
	return s.Close()
}

// lookInto reads the file of a database. The reader that it returns has it
// open still; nil where there is no file.
func lookInto(r *recorder, o *reader, db int, file string) (*view, *reader) {
	var err error
	if o == nil {
		o, err = openReader(r, db, file)
	}
	v := &view{}
	if o != nil && err == nil {
		v, err = o.look()
	}
	if err != nil {
		v = &view{Err: readError(err, file), NeedsRollback: errors.Is(err, sqlite3.READONLY_ROLLBACK)}
	}
	return v, o
}

// readError describes why a file could not be read, and what lies there.
func readError(err error, file string) string {
	text := err.Error()
	if e, ok := errors.AsType[*sqlite3.Error](err); ok {
		text = fmt.Sprintf("%v (%d)", err, e.ExtendedCode())
	}
	files, _ := filepath.Glob(file + "*") // fails for a bad pattern only
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			text += fmt.Sprintf(", %s has %d bytes", filepath.Base(f), info.Size())
		}
	}
	return text
}

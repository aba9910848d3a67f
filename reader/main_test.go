package reader

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/ext/fts5"
	"go.uber.org/goleak"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long anything is waited for before the test fails.
const patience = time.Minute

// bg returns a context for what must not last.
func bg(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// database is a file that the test writes, as the daemon would.
type database struct {
	t    testing.TB
	path string
	db   *sqlite3.Conn
}

// create makes a database with a table t(n) and the daemon's state.
func create(t testing.TB, path string) *database {
	t.Helper()
	d := &database{t: t, path: path}
	d.reopen()
	d.exec(`PRAGMA journal_mode=WAL;
		CREATE TABLE t(n);
		CREATE TABLE _skylinedb_state(id INTEGER PRIMARY KEY, rev INTEGER, epoch TEXT);
		INSERT INTO _skylinedb_state VALUES(1, 1, 'e1')`)
	t.Cleanup(d.close)
	return d
}

func (d *database) reopen() {
	d.t.Helper()
	var err error
	if d.db, err = sqlite3.OpenFlags(d.path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE); err != nil {
		d.t.Fatal(err)
	}
	if err := errors.Join(d.db.BusyTimeout(patience), fts5.Register(d.db)); err != nil {
		d.t.Fatal(err)
	}
}

func (d *database) exec(sql string, args ...any) {
	d.t.Helper()
	if err := d.db.Exec(fmt.Sprintf(sql, args...)); err != nil {
		d.t.Fatal(err)
	}
}

// write writes a row as a batch does.
func (d *database) write(n int) {
	d.t.Helper()
	d.exec(`BEGIN IMMEDIATE; INSERT INTO t VALUES(%d); UPDATE _skylinedb_state SET rev = rev + 1; COMMIT`, n)
}

func (d *database) close() { d.db.Close() }

// mark writes the marker of a state, or removes it.
func (d *database) mark(s dbfile.State) {
	d.t.Helper()
	var err error
	if s == dbfile.Open {
		err = dbfile.RemoveMarker(dbfile.OS{}, d.path)
	} else {
		err = dbfile.WriteMarker(dbfile.OS{}, d.path, dbfile.Marker{State: s, Since: time.Now()})
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// usual returns a database with a row, and a reader of it.
func usual(t testing.TB, o Options) (*database, *Reader) {
	t.Helper()
	d := create(t, filepath.Join(t.TempDir(), "a.db"))
	d.write(1)
	return d, open(t, d.path, o)
}

func open(t testing.TB, path string, o Options) *Reader {
	t.Helper()
	r, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { check(t, r.Close(), 0, 0) })
	return r
}

// all returns the rows of a query.
func all(ctx context.Context, c *Conn, sql string, args ...any) (got [][]any, err error) {
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		row := make([]any, len(rows.Columns()))
		for i := range row {
			row[i] = rows.Value(i)
		}
		got = append(got, row)
	}
	return got, rows.Err()
}

// read returns the rows of a query in a snapshot of its own.
func read(ctx context.Context, r *Reader, sql string, args ...any) (got [][]any, err error) {
	err = r.Read(ctx, func(c *Conn) error {
		got, err = all(ctx, c, sql, args...)
		return err
	})
	return got, err
}

// one is the result of a query with one value.
func one(v any) [][]any { return [][]any{{v}} }

func check(t testing.TB, err error, got, want any) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("(-want +got)\n%s", d)
	}
}

func wantCode(t testing.TB, err error, code wire.Code) {
	t.Helper()
	if wire.ErrorCode(err) != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

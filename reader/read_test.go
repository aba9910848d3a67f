package reader

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// One Read sees one snapshot, whatever is committed meanwhile; the next one
// sees that too.
func TestSnapshot(t *testing.T) {
	d, r := usual(t, Options{})
	const count = `SELECT count(*) FROM t`
	err := r.Read(bg(t), func(c *Conn) error {
		got, err := all(bg(t), c, count)
		check(t, err, got, one(int64(1)))
		d.write(2)
		got, err = all(bg(t), c, count)
		check(t, err, got, one(int64(1)))
		rev, epoch := c.Rev()
		check(t, nil, fmt.Sprint(rev, " ", epoch), "2 e1")
		return nil
	})
	check(t, err, 0, 0)
	got, err := read(bg(t), r, count)
	check(t, err, got, one(int64(2)))
}

// Values come as SQLite has them, by place and by name.
func TestValues(t *testing.T) {
	_, r := usual(t, Options{})
	values := []any{nil, int64(math.MinInt64), int64(math.MaxInt64), 1.5, math.Inf(1), "", "a\x00b", []byte{}, []byte{0, 1}}
	for _, v := range values {
		got, err := read(bg(t), r, `SELECT ?`, v)
		check(t, err, got, one(v))
	}
	for given, want := range map[any]any{true: int64(1), uint8(7): int64(7), float32(0.5): 0.5} {
		got, err := read(bg(t), r, `SELECT :v`, sql.Named("v", given))
		check(t, err, got, one(want))
	}
	got, err := read(bg(t), r, `SELECT @a || $b || :c`, sql.Named("c", "3"), sql.Named("@a", "1"), sql.Named("b", "2"))
	check(t, err, got, one("123"))
	got, err = read(bg(t), r, `SELECT ?2 || ?1`, "a", "b")
	check(t, err, got, one("ba"))
	at := time.Date(2026, 11, 25, 1, 2, 3, 4, time.UTC)
	got, err = read(bg(t), r, `SELECT ?`, at)
	check(t, err, got, one(at.Format(time.RFC3339Nano)))
}

// A statement that does not fit is an error, and the connection is good for
// the next one.
func TestRefused(t *testing.T) {
	_, r := usual(t, Options{MaxConns: 1})
	tests := []struct {
		sql  string
		args []any
		code wire.Code
	}{
		{`SELECT nothing FROM t`, nil, wire.CodeSQLError},
		{`SELEC 1`, nil, wire.CodeSQLError},
		{`SELECT abs(-9223372036854775808)`, nil, wire.CodeSQLError},
		{`SELECT 1; SELECT 2`, nil, wire.CodeInvalidRequest},
		{` -- nothing`, nil, wire.CodeInvalidRequest},
		{`SELECT ?`, nil, wire.CodeInvalidRequest},
		{`SELECT ?`, []any{1, 2}, wire.CodeInvalidRequest},
		{`SELECT :a`, []any{sql.Named("b", 1)}, wire.CodeInvalidRequest},
		{`SELECT ?1, ?2`, []any{1, sql.Named("?1", 1)}, wire.CodeInvalidRequest},
		{`SELECT ?`, []any{math.NaN()}, wire.CodeInvalidRequest},
		{`INSERT INTO t VALUES(1)`, nil, wire.CodeIOError},
		{`CREATE TEMP TABLE x(y)`, nil, wire.CodeIOError},
		{`PRAGMA user_version = 7`, nil, wire.CodeIOError},
		{`ATTACH ':memory:' AS other`, nil, wire.CodeSQLError},
	}
	for _, test := range tests {
		_, err := read(bg(t), r, test.sql, test.args...)
		if wire.ErrorCode(err) != test.code {
			t.Errorf("%s: %v, want %s", test.sql, err, test.code)
		}
		got, err := read(bg(t), r, `SELECT 1; -- and no more`)
		check(t, err, got, one(int64(1)))
	}
}

// What a statement declares is told, also for tables that FTS5 and R-Tree keep.
func TestColumns(t *testing.T) {
	d, r := usual(t, Options{})
	d.exec(`CREATE TABLE c(id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL, at DATETIME, free)`)
	d.exec(`CREATE VIRTUAL TABLE words USING fts5(text)`)
	d.exec(`INSERT INTO words VALUES('one two')`)
	err := r.Read(bg(t), func(c *Conn) error {
		rows, err := c.Query(bg(t), `SELECT id AS "the id", name, at, free, 1 + 1 FROM c`)
		check(t, err, rows.Columns(), []string{"the id", "name", "at", "free", "1 + 1"})
		var got []Column
		for i := range rows.Columns() {
			got = append(got, rows.Column(i))
		}
		check(t, rows.Close(), got, []Column{
			{"INTEGER", "c", "id", true}, {"VARCHAR(20)", "c", "name", true}, {"DATETIME", "c", "at", false}, {"", "c", "free", false}, {},
		})
		check(t, rows.Close(), rows.Next(), false)
		return nil
	})
	check(t, err, 0, 0)
	got, err := read(bg(t), r, `SELECT text FROM words WHERE words MATCH 'two'`)
	check(t, err, got, one("one two"))
}

// A file that does not exist is an error, or an empty database, until there is one.
func TestMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	strict, lenient := open(t, path, Options{}), open(t, path, Options{EmptyIfMissing: true})
	const tables = `SELECT count(*) FROM sqlite_schema WHERE name = 't'`
	_, err := read(bg(t), strict, tables)
	wantCode(t, err, wire.CodeNoDatabase)
	got, err := read(bg(t), lenient, tables)
	check(t, err, got, one(int64(0)))
	_, err = read(bg(t), lenient, `CREATE TABLE t(n)`)
	wantCode(t, err, wire.CodeIOError)
	create(t, path)
	for _, r := range []*Reader{strict, lenient} {
		got, err = read(bg(t), r, tables)
		check(t, err, got, one(int64(1)))
	}
}

// What is no database is told as such.
func TestNotADatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	writeFile(t, path, strings.Repeat("no database ", 1000))
	_, err := read(bg(t), open(t, path, Options{}), `SELECT 1`)
	wantCode(t, err, wire.CodeNotADatabase)
}

// Reads beyond the bound wait, and give up with their context.
func TestBound(t *testing.T) {
	_, r := usual(t, Options{MaxConns: 1})
	c, err := r.Begin(bg(t))
	check(t, err, 0, 0)
	ctx, cancel := context.WithCancel(bg(t))
	cancel()
	if _, err := read(ctx, r, `SELECT 1`); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	done := make(chan error)
	go func() {
		_, err := read(bg(t), r, `SELECT 1`)
		done <- err
	}()
	c.End()
	c.End()
	check(t, <-done, len(r.slots), 0)
	if _, err := c.Query(bg(t), `SELECT 1`); wire.ErrorCode(err) != wire.CodeInvalidRequest {
		t.Errorf("a query after the end: %v", err)
	}
}

// endless is a query that ends only if it is interrupted.
const endless = `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c`

// The end of the snapshot's context and that of the query's end a query; the
// connection stays good.
func TestCancel(t *testing.T) {
	_, r := usual(t, Options{MaxConns: 1})
	why := errors.New("the reason")
	for _, of := range []string{"snapshot", "query"} {
		ctx, cancel := context.WithCancelCause(bg(t))
		snapshot, query := bg(t), bg(t)
		if of == "snapshot" {
			snapshot = ctx
		} else {
			query = ctx
		}
		err := r.Read(snapshot, func(c *Conn) error {
			rows, err := c.Query(query, `SELECT 1 UNION ALL SELECT * FROM (`+endless+`)`)
			check(t, err, rows.Next(), true)
			cancel(why)
			check(t, nil, rows.Next(), false)
			return rows.Err()
		})
		if !errors.Is(err, why) {
			t.Errorf("%s: got %v, want the context's cause", of, err)
		}
		got, err := read(bg(t), r, `SELECT 1`)
		check(t, err, got, one(int64(1)))
	}
	check(t, nil, len(r.idle), 1)
}

// The end of the Reader ends what is read, and nothing is read after it.
func TestClose(t *testing.T) {
	_, r := usual(t, Options{})
	begun, done := make(chan struct{}), make(chan error)
	go func() {
		done <- r.Read(bg(t), func(c *Conn) error {
			close(begun)
			_, err := all(bg(t), c, endless)
			return err
		})
	}()
	<-begun
	check(t, r.Close(), 0, 0)
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("the read that ran: %v", err)
	}
	if _, err := read(bg(t), r, `SELECT 1`); !errors.Is(err, ErrClosed) {
		t.Errorf("a read after it: %v", err)
	}
	check(t, r.Close(), 0, 0)
}

// The statements that a connection keeps are bounded, and one that is in use
// is not used twice.
func TestCache(t *testing.T) {
	_, r := usual(t, Options{MaxConns: 1})
	err := r.Read(bg(t), func(c *Conn) error {
		for i := range 3 * maxCached {
			got, err := all(bg(t), c, fmt.Sprintf(`SELECT %d`, i))
			check(t, err, got, one(int64(i)))
		}
		check(t, nil, len(c.in.cache.idle), maxCached)
		a, err := c.Query(bg(t), `SELECT ?`, 1)
		check(t, err, a.Next(), true)
		b, err := c.Query(bg(t), `SELECT ?`, 2)
		check(t, err, b.Next(), true)
		check(t, a.Close(), b.Value(0), any(int64(2)))
		return nil // b is not closed: the end of the snapshot does
	})
	check(t, err, len(r.idle[0].cache.used), 0)
}

// A statement that is known tells the columns that its table has now.
func TestSchemaChange(t *testing.T) {
	d, r := usual(t, Options{MaxConns: 1})
	for i := range 3 {
		err := r.Read(bg(t), func(c *Conn) error {
			rows, err := c.Query(bg(t), `SELECT * FROM t`)
			check(t, err, len(rows.Columns()), i+1)
			check(t, nil, rows.Next(), true)
			return rows.Err()
		})
		check(t, err, 0, 0)
		d.exec(`ALTER TABLE t ADD COLUMN c%d`, i)
	}
}

package driver

import (
	"context"
	"database/sql"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

func TestMain(m *testing.M) { harness.Main(m, nil) }

// bg returns a context for what must not last.
func bg(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), harness.Patience)
	t.Cleanup(cancel)
	return ctx
}

// name returns the data source name of a database of the daemon, with options
// as name and value.
func name(d *harness.Daemon, db string, more ...string) string {
	q := url.Values{"dir": {d.Dir}, "socket": {d.Socket}, "autostart": {"0"}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return db + "?" + q.Encode()
}

func openDB(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(Name, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { check(t, db.Close(), 0, 0) })
	return db
}

// usual returns a daemon and a database of it with a table t(id, s).
func usual(t testing.TB, more ...string) (*harness.Daemon, *sql.DB) {
	t.Helper()
	d := harness.Start(t, harness.Config{})
	db := openDB(t, name(d, "app.db", more...))
	exec(t, db, `CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT UNIQUE)`)
	return d, db
}

// queryer and execer are a sql.DB, a sql.Conn and a sql.Tx.
type queryer interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

type execer interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}

func exec(t testing.TB, db execer, query string, args ...any) sql.Result {
	t.Helper()
	res, err := db.ExecContext(bg(t), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return res
}

// try returns the rows of a query.
func try(ctx context.Context, db queryer, query string, args ...any) (got [][]any, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		row, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			dest[i] = &row[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		got = append(got, row)
	}
	return got, rows.Err()
}

// want checks the rows of a query, given one after the other.
func want(t testing.TB, db queryer, query string, args []any, values ...any) {
	t.Helper()
	rows, err := try(bg(t), db, query, args...)
	var got []any
	for _, row := range rows {
		got = append(got, row...)
	}
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if d := cmp.Diff(values, got); d != "" {
		t.Fatalf("%s (-want +got)\n%s", query, d)
	}
}

// wantT checks the texts in t.
func wantT(t testing.TB, db queryer, texts ...string) {
	t.Helper()
	var values []any
	for _, s := range texts {
		values = append(values, s)
	}
	want(t, db, `SELECT s FROM t ORDER BY id`, nil, values...)
}

const insertT = `INSERT INTO t(s) VALUES(?)`

func check(t testing.TB, err error, got, want any) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); d != "" {
		t.Fatalf("(-want +got)\n%s", d)
	}
}

func wantCode(t testing.TB, err error, code wire.Code) {
	t.Helper()
	if wire.ErrorCode(err) != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func begin(t testing.TB, db *sql.DB, o *sql.TxOptions) *sql.Tx {
	t.Helper()
	tx, err := db.BeginTx(bg(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

// date is a time as tests use it.
func date(nano int, zone *time.Location) time.Time {
	return time.Date(2026, 11, 25, 13, 14, 15, nano, zone)
}

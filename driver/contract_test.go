package driver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// raw returns a connection as database/sql has it.
func raw(t *testing.T, dsn string) *conn {
	t.Helper()
	dc, err := Driver{}.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dc.Close() })
	return dc.(*conn)
}

// After its Close nothing of a connection can be used, and database/sql is told
// to take another; a second Close does nothing.
func TestUseAfterClose(t *testing.T) {
	d, _ := usual(t)
	c := raw(t, name(d, "app.db"))
	st, err := c.Prepare(insertT)
	check(t, err, 0, 0)
	check(t, c.Close(), 0, 0)
	check(t, c.Close(), c.IsValid(), false)
	ctx := bg(t)
	_, execErr := c.ExecContext(ctx, `SELECT 1`, nil)
	_, queryErr := c.QueryContext(ctx, `SELECT 1`, nil)
	_, prepareErr := c.Prepare(`SELECT 1`)
	_, beginErr := c.BeginTx(ctx, driver.TxOptions{})
	_, stmtErr := st.(driver.StmtExecContext).ExecContext(bg(t), byPlace([]driver.Value{"a"}))
	for what, err := range map[string]error{
		"Exec": execErr, "Query": queryErr, "Prepare": prepareErr, "BeginTx": beginErr, "Stmt.Exec": stmtErr,
		"Ping": c.Ping(ctx), "ResetSession": c.ResetSession(ctx),
	} {
		if err != driver.ErrBadConn {
			t.Errorf("%s: %v, want ErrBadConn", what, err)
		}
	}
}

// A closed statement cannot be used, on a connection that still can.
func TestStmtAfterClose(t *testing.T) {
	d, _ := usual(t)
	c := raw(t, name(d, "app.db"))
	st, err := c.Prepare(insertT)
	check(t, err, st.NumInput(), -1)
	res, err := st.(driver.StmtExecContext).ExecContext(bg(t), byPlace([]driver.Value{"a"}))
	check(t, err, res, driver.Result(result{1, 1}))
	check(t, st.Close(), st.Close(), error(nil))
	_, execErr := st.(driver.StmtExecContext).ExecContext(bg(t), byPlace([]driver.Value{"b"}))
	_, queryErr := st.(driver.StmtQueryContext).QueryContext(bg(t), nil)
	if execErr == nil || queryErr == nil {
		t.Errorf("a closed statement: %v, %v", execErr, queryErr)
	}
	_, err = c.ExecContext(bg(t), `SELECT 1`, nil)
	check(t, err, 0, 0)
}

// Closing rows early and twice is fine, at their end they say io.EOF, and the
// closing of the connection ends them.
func TestRowsContract(t *testing.T) {
	d, _ := usual(t)
	for _, inTx := range []bool{false, true} {
		c := raw(t, name(d, "app.db"))
		if inTx {
			_, err := c.Begin()
			check(t, err, 0, 0)
		}
		query := func() driver.Rows {
			rows, err := c.QueryContext(bg(t), `SELECT 1 UNION ALL SELECT 2`, nil)
			check(t, err, 0, 0)
			return rows
		}
		dest := make([]driver.Value, 1)
		rows := query()
		for i := range 2 {
			check(t, rows.Next(dest), dest[0], driver.Value(int64(i+1)))
		}
		for range 2 {
			if err := rows.Next(dest); err != io.EOF {
				t.Errorf("at the end: %v", err)
			}
		}
		check(t, rows.Close(), rows.Close(), error(nil))
		rows = query()
		check(t, rows.Next(dest), 0, 0)
		check(t, rows.Close(), 0, 0)
		rows = query()
		check(t, rows.Next(dest), 0, 0)
		check(t, c.Close(), 0, 0)
		check(t, rows.Close(), 0, 0)
	}
}

// A transaction ends once, and there is one at a time.
func TestTxContract(t *testing.T) {
	d, db := usual(t)
	c := raw(t, name(d, "app.db"))
	for _, readOnly := range []bool{false, true} {
		for _, end := range []func(driver.Tx) error{driver.Tx.Commit, driver.Tx.Rollback} {
			tx, err := c.BeginTx(bg(t), driver.TxOptions{ReadOnly: readOnly})
			check(t, err, c.IsValid(), false)
			_, err = c.Begin()
			wantCode(t, err, wire.CodeInvalidRequest)
			check(t, end(tx), c.IsValid(), true)
			wantCode(t, tx.Commit(), wire.CodeInvalidRequest)
			wantCode(t, tx.Rollback(), wire.CodeInvalidRequest)
		}
	}
	tx, err := c.Begin()
	check(t, err, 0, 0)
	_, err = c.ExecContext(bg(t), `INSERT INTO t(s) VALUES('a')`, nil)
	check(t, err, 0, 0)
	check(t, c.Close(), 0, 0) // rolls back
	_ = tx
	exec(t, db, insertT, "b")
	wantT(t, db, "b")
}

// Conversions are left to database/sql, but for what SQLite does not have.
func TestNamedValueChecker(t *testing.T) {
	d, _ := usual(t)
	c := raw(t, name(d, "app.db"))
	st, err := c.Prepare(insertT)
	check(t, err, 0, 0)
	for _, checker := range []driver.NamedValueChecker{c, st.(driver.NamedValueChecker)} {
		if err := checker.CheckNamedValue(&driver.NamedValue{Ordinal: 1, Value: 1}); err != driver.ErrSkip {
			t.Errorf("an int: %v", err)
		}
		wantCode(t, checker.CheckNamedValue(&driver.NamedValue{Ordinal: 1, Value: sql.Out{}}), wire.CodeInvalidRequest)
	}
}

// What has ended before it begins is not begun.
func TestContextEnded(t *testing.T) {
	_, db := usual(t)
	ctx, cancel := context.WithCancel(bg(t))
	c, err := db.Conn(bg(t))
	check(t, err, 0, 0)
	defer c.Close()
	cancel()
	_, execErr := c.ExecContext(ctx, insertT, "a")
	_, queryErr := c.QueryContext(ctx, `SELECT 1`)
	_, beginErr := c.BeginTx(ctx, nil)
	_, readErr := c.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	for what, err := range map[string]error{"Exec": execErr, "Query": queryErr, "BeginTx": beginErr, "read-only": readErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", what, err)
		}
	}
	wantT(t, db)
}

// endless is a query that ends only if it is interrupted.
const endless = `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c`

// The end of its context ends a query, wherever it runs, and the connection is
// good for the next one.
func TestContextEnds(t *testing.T) {
	_, db := usual(t)
	db.SetMaxOpenConns(1)
	for _, query := range []string{`SELECT 1 UNION ALL SELECT * FROM (` + endless + `)`, endless} {
		ctx, cancel := context.WithCancel(bg(t))
		if query != endless {
			rows, err := db.QueryContext(ctx, query)
			check(t, err, rows.Next(), true)
			cancel()
			check(t, nil, rows.Next(), false)
			if err := rows.Err(); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		} else {
			timed, cancelTimed := context.WithTimeout(bg(t), 1)
			defer cancelTimed()
			if _, err := try(timed, db, query); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		}
		cancel()
		want(t, db, `SELECT 1`, nil, int64(1))
	}
	tx := begin(t, db, nil)
	ctx, cancel := context.WithCancel(bg(t))
	rows, err := tx.QueryContext(ctx, `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c`)
	check(t, err, rows.Next(), true)
	cancel()
	for rows.Next() {
	}
	if err := rows.Err(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	tx.Rollback()
	exec(t, db, insertT, "a")
}

// Ping asks the daemon.
func TestPing(t *testing.T) {
	d, db := usual(t)
	check(t, db.PingContext(bg(t)), 0, 0)
	d.Shutdown()
	ctx, cancel := context.WithTimeout(bg(t), 20e6)
	defer cancel()
	if err := db.PingContext(ctx); err == nil {
		t.Error("nobody answered")
	}
	d.Restart()
	check(t, db.PingContext(bg(t)), 0, 0)
}

// A connector that is closed opens nothing, and names what it is of.
func TestConnector(t *testing.T) {
	d := harness.Start(t, harness.Config{})
	c, err := Driver{}.OpenConnector(name(d, "app.db"))
	check(t, err, c.Driver(), driver.Driver(Driver{}))
	check(t, c.(io.Closer).Close(), 0, 0)
	if _, err := c.Connect(bg(t)); err == nil {
		t.Error("a closed connector connects")
	}
	if _, err := (Driver{}).Open("?what=1"); err == nil || !strings.Contains(err.Error(), "what") {
		t.Errorf("got %v", err)
	}
}

// The end of a sql.DB leaves no goroutine, with rows and transactions open too.
func TestNoGoroutines(t *testing.T) {
	d := harness.Start(t, harness.Config{})
	before := goleak.IgnoreCurrent()
	db, err := sql.Open(Name, name(d, "app.db"))
	check(t, err, 0, 0)
	exec(t, db, `CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT UNIQUE)`)
	rows, err := db.Query(`SELECT 1 UNION ALL SELECT 2`)
	check(t, err, rows.Next(), true)
	defer rows.Close()
	tx, err := db.Begin()
	check(t, err, 0, 0)
	inTx, err := tx.Query(`SELECT 1 UNION ALL SELECT 2`)
	check(t, err, inTx.Next(), true)
	check(t, tx.Rollback(), inTx.Close(), error(nil))
	check(t, rows.Close(), db.Close(), error(nil))
	goleak.VerifyNone(t, before, ostest.Library())
}

// Close does not wait for what somebody has forgotten to close.
func TestCloseWithOpenReads(t *testing.T) {
	d, _ := usual(t)
	for what, leave := range map[string]func(*sql.DB) (end func() error, err error){
		"rows": func(db *sql.DB) (func() error, error) {
			rows, err := db.Query(`SELECT 1`)
			return rows.Close, err
		},
		"read-only transaction": func(db *sql.DB) (func() error, error) {
			tx, err := db.BeginTx(context.Background(), &sql.TxOptions{ReadOnly: true})
			return tx.Rollback, err
		},
		"transaction": func(db *sql.DB) (func() error, error) {
			tx, err := db.Begin()
			return tx.Rollback, err
		},
	} {
		db, err := sql.Open(Name, name(d, "app.db"))
		check(t, err, 0, 0)
		end, err := leave(db)
		check(t, err, 0, 0)
		done := make(chan error, 1)
		go func() { done <- db.Close() }()
		select {
		case err := <-done:
			check(t, err, 0, 0)
		case <-bg(t).Done():
			t.Errorf("%s: Close waits for ever", what)
		}
		_ = end() // the file is open until then, and Windows would not remove it
	}
}

// While one connection waits for a daemon that does not come, another gives up
// in its own time.
func TestConnectWaitsInItsTime(t *testing.T) {
	db, err := sql.Open(Name, "app.db?autostart=0&socket="+url.QueryEscape(filepath.Join(t.TempDir(), "none")))
	check(t, err, 0, 0)
	defer db.Close()
	long, giveUp := context.WithCancel(bg(t))
	waiting := make(chan error, 1)
	go func() { waiting <- db.PingContext(long) }()
	short, cancel := context.WithTimeout(bg(t), 10*time.Millisecond)
	defer cancel()
	if err := db.PingContext(short); err == nil {
		t.Error("a daemon that is not there answers")
	}
	giveUp()
	if err := <-waiting; err == nil {
		t.Error("a daemon that is not there answers")
	}
}

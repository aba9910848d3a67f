package driver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// A transaction sees what it has written, others do not until it is committed,
// and never what was rolled back.
func TestTransaction(t *testing.T) {
	_, db := usual(t)
	tx := begin(t, db, nil)
	id, err := exec(t, tx, insertT, "a").LastInsertId()
	check(t, err, id, int64(1))
	wantT(t, tx, "a")
	wantT(t, db)
	check(t, tx.Commit(), 0, 0)
	wantT(t, db, "a")
	if err := tx.Commit(); !errors.Is(err, sql.ErrTxDone) {
		t.Errorf("a second Commit: %v", err)
	}

	tx = begin(t, db, nil)
	exec(t, tx, insertT, "b")
	exec(t, tx, `CREATE TABLE made(n); INSERT INTO made VALUES(1)`)
	want(t, tx, `SELECT n FROM made`, nil, int64(1))
	_, err = tx.Exec(insertT, "a") // it is undone, and the transaction goes on
	wantCode(t, err, wire.CodeSQLError)
	wantT(t, tx, "a", "b")
	check(t, tx.Rollback(), 0, 0)
	wantT(t, db, "a")
}

// Rows may be open while the transaction goes on, and are those of the moment
// when they were asked for.
func TestOpenRows(t *testing.T) {
	_, db := usual(t)
	tx := begin(t, db, nil)
	defer tx.Rollback()
	const n = 5000 // more than one frame
	exec(t, tx, `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?) INSERT INTO t(s) SELECT 'row ' || n FROM c`, n)
	a, err := tx.Query(`SELECT id, s FROM t ORDER BY id`)
	check(t, err, a.Next(), true)
	b, err := tx.Query(`SELECT id FROM t ORDER BY id DESC`)
	check(t, err, b.Next(), true)
	exec(t, tx, `DELETE FROM t WHERE id > 1`)
	var id int
	var s string
	for i := 1; i <= n; i++ {
		check(t, a.Scan(&id, &s), 0, 0)
		check(t, nil, fmt.Sprint(id, " ", s), fmt.Sprintf("%d row %d", i, i))
		check(t, nil, a.Next(), i < n)
	}
	check(t, a.Err(), 0, 0)
	check(t, b.Scan(&id), 0, 0)
	check(t, nil, id, n)
	check(t, b.Close(), b.Next(), false)
	half, err := tx.Query(`SELECT id FROM t`)
	check(t, err, half.Next(), true)
	check(t, half.Close(), 0, 0)
	wantT(t, tx, "row 1")
	left, err := tx.Query(`SELECT id FROM t`)
	check(t, err, left.Next(), true)
	check(t, tx.Commit(), 0, 0)
	wantT(t, db, "row 1")
}

// SAVEPOINTs nest within a transaction.
func TestSavepoint(t *testing.T) {
	_, db := usual(t)
	tx := begin(t, db, nil)
	for _, step := range []string{
		`INSERT INTO t(s) VALUES('a')`, `SAVEPOINT one`, `INSERT INTO t(s) VALUES('b')`, `SAVEPOINT two`,
		`INSERT INTO t(s) VALUES('c')`, `ROLLBACK TO two`, `RELEASE two`, `INSERT INTO t(s) VALUES('d')`, `RELEASE SAVEPOINT one`,
		`SAVEPOINT three`, `INSERT INTO t(s) VALUES('e')`, `ROLLBACK TRANSACTION TO SAVEPOINT three`,
	} {
		exec(t, tx, step)
	}
	check(t, tx.Commit(), 0, 0)
	wantT(t, db, "a", "b", "d")
	_, err := db.Exec(`SAVEPOINT alone`)
	wantCode(t, err, wire.CodeForbiddenStatement)
}

// A transaction that only reads is one snapshot, and refuses to write.
func TestReadOnly(t *testing.T) {
	_, db := usual(t)
	exec(t, db, insertT, "a")
	tx := begin(t, db, &sql.TxOptions{ReadOnly: true})
	exec(t, db, insertT, "b")
	wantT(t, tx, "a")
	_, err := tx.Exec(insertT, "c")
	wantCode(t, err, wire.CodeForbiddenStatement)
	_, err = try(bg(t), tx, `INSERT INTO t(s) VALUES('c') RETURNING id`)
	wantCode(t, err, wire.CodeForbiddenStatement)
	exec(t, tx, `SAVEPOINT a`)
	exec(t, tx, `ROLLBACK TO a`)
	exec(t, tx, `RELEASE a`)
	wantT(t, tx, "a")
	check(t, tx.Commit(), 0, 0)
	wantT(t, db, "a", "b")
}

// What SQLite cannot give is refused.
func TestIsolation(t *testing.T) {
	_, db := usual(t)
	for level := sql.LevelDefault; level <= sql.LevelLinearizable; level++ {
		for _, readOnly := range []bool{true, false} {
			tx, err := db.BeginTx(bg(t), &sql.TxOptions{Isolation: level, ReadOnly: readOnly})
			switch level {
			case sql.LevelDefault, sql.LevelSnapshot, sql.LevelSerializable, sql.LevelLinearizable:
				check(t, err, tx.Rollback(), error(nil))
			default:
				wantCode(t, err, wire.CodeInvalidRequest)
			}
		}
	}
}

// Transactions of one database follow each other: none sees half of another.
func TestTransactionsFollow(t *testing.T) {
	_, db := usual(t)
	exec(t, db, `INSERT INTO t VALUES(1, '0')`)
	done := make(chan error)
	const writers, times = 4, 10
	for range writers {
		go func() {
			for range times {
				if err := increment(db); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	wantT(t, db, fmt.Sprint(writers*times))
}

func increment(db *sql.DB) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var n int
	if err := tx.QueryRow(`SELECT s FROM t`).Scan(&n); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE t SET s = ?`, fmt.Sprint(n+1)); err != nil {
		return err
	}
	return tx.Commit()
}

// The end of its context ends a transaction, and so does the end of its lease,
// which is told.
func TestTransactionEnds(t *testing.T) {
	_, db := usual(t, "idle", "100ms", "lease", "10s")
	ctx, cancel := context.WithCancel(bg(t))
	tx, err := db.BeginTx(ctx, nil)
	check(t, err, 0, 0)
	exec(t, tx, insertT, "a")
	cancel()
	exec(t, db, insertT, "b") // waits for the end of the other
	wantT(t, db, "b")
	if err := tx.Commit(); !errors.Is(err, context.Canceled) && !errors.Is(err, sql.ErrTxDone) {
		t.Errorf("Commit after the end of the context: %v", err)
	}

	tx = begin(t, db, nil)
	exec(t, tx, insertT, "c")
	exec(t, db, insertT, "d") // waits until the lease has ended
	_, err = tx.Exec(insertT, "e")
	wantCode(t, err, wire.CodeTxExpired)
	wantCode(t, tx.Commit(), wire.CodeTxExpired)
	wantT(t, db, "b", "d")
}

// A transaction waits for its turn no longer than its context lasts.
func TestBeginWaits(t *testing.T) {
	_, db := usual(t)
	tx := begin(t, db, nil)
	defer tx.Rollback()
	ctx, cancel := context.WithTimeout(bg(t), 20*time.Millisecond)
	defer cancel()
	if _, err := db.BeginTx(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the context", err)
	}
	ctx, cancel = context.WithTimeout(bg(t), 20*time.Millisecond)
	defer cancel()
	if _, err := db.ExecContext(ctx, insertT, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the context", err)
	}
}

// BEGIN, COMMIT and ROLLBACK as text work on a sql.Conn, and what is left open
// is rolled back.
func TestBeginByText(t *testing.T) {
	_, db := usual(t)
	c, err := db.Conn(bg(t))
	check(t, err, 0, 0)
	for _, step := range []string{`BEGIN IMMEDIATE`, `INSERT INTO t(s) VALUES('a')`, `COMMIT;`, `begin`, `INSERT INTO t(s) VALUES('b')`, `ROLLBACK TRANSACTION`, `BEGIN`, `INSERT INTO t(s) VALUES('c')`} {
		exec(t, c, step)
	}
	wantT(t, c, "a", "c")
	_, err = c.ExecContext(bg(t), `BEGIN`)
	wantCode(t, err, wire.CodeInvalidRequest)
	check(t, c.Close(), 0, 0)
	exec(t, db, insertT, "d")
	wantT(t, db, "a", "d")
	_, err = db.Exec(`COMMIT`)
	wantCode(t, err, wire.CodeSQLError)
	tx := begin(t, db, nil)
	_, err = tx.Exec(`COMMIT`)
	wantCode(t, err, wire.CodeInvalidRequest)
	check(t, tx.Commit(), 0, 0)
}

// Rows that are open when a text ends the transaction come to their end, or
// fail: they are never cut short without a word.
func TestOpenRowsOverCommitByText(t *testing.T) {
	_, db := usual(t)
	exec(t, db, `INSERT INTO t(s) VALUES('a'), ('b'), ('c')`)
	for _, end := range []string{`COMMIT`, `END`, `ROLLBACK`} {
		c, err := db.Conn(bg(t))
		check(t, err, 0, 0)
		exec(t, c, `BEGIN`)
		rows, err := c.QueryContext(bg(t), `SELECT s FROM t`)
		check(t, err, rows.Next(), true)
		exec(t, c, end)
		n := 1
		for rows.Next() {
			n++
		}
		if rows.Err() == nil && n != 3 {
			t.Errorf("%s: %d rows of 3, and no error", end, n)
		}
		check(t, rows.Close(), 0, 0)
		check(t, c.Close(), 0, 0)
	}
}

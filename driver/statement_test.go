package driver

import (
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// A database without a file reads as empty; the first write makes it.
func TestNoFile(t *testing.T) {
	d := harness.Start(t, harness.Config{})
	db := openDB(t, name(d, "new.db"))
	want(t, db, `SELECT count(*) FROM sqlite_schema`, nil, int64(0))
	exec(t, db, `CREATE TABLE t(n)`)
	want(t, db, `SELECT name FROM sqlite_schema WHERE name = 't'`, nil, "t")
}

// What a write did is told, and can be read at once.
func TestExec(t *testing.T) {
	_, db := usual(t)
	for i, s := range []string{"a", "b", "c"} {
		res := exec(t, db, insertT, s)
		id, err := res.LastInsertId()
		check(t, err, id, int64(i+1))
	}
	wantT(t, db, "a", "b", "c")
	n, err := exec(t, db, `UPDATE t SET s = s || '!' WHERE id > ?`, 1).RowsAffected()
	check(t, err, n, int64(2))
	wantT(t, db, "a", "b!", "c!")
	_, err = db.Exec(insertT, "a")
	wantCode(t, err, wire.CodeSQLError)
	check(t, nil, wire.AsError(err).SQLiteCode, "SQLITE_CONSTRAINT_UNIQUE")
	coded, ok := errors.AsType[*Error](err)
	check(t, nil, ok, true)
	check(t, nil, []int{coded.Code, coded.ExtendedCode}, []int{19, 2067})
	_, err = try(bg(t), db, `SELECT nothing FROM t`)
	coded, ok = errors.AsType[*Error](err)
	check(t, nil, ok, true)
	check(t, nil, coded.Code, 1)
	exec(t, db, `-- nothing`)
	want(t, db, `-- nothing`, nil)
	exec(t, db, `SELECT * FROM t`)
	exec(t, db, `VACUUM`)
	exec(t, db, `INSERT INTO t(s) VALUES('d'); DELETE FROM t WHERE s = 'a'`)
	wantT(t, db, "b!", "c!", "d")
	_, err = db.Exec(`INSERT INTO t(s) VALUES('e'); INSERT INTO t(s) VALUES('d')`)
	wantCode(t, err, wire.CodeSQLError)
	wantT(t, db, "b!", "c!", "d")
}

// Parameters go by place or by name, on the file, on the daemon and in a
// transaction alike.
func TestParameters(t *testing.T) {
	_, db := usual(t)
	tx := begin(t, db, nil)
	defer tx.Rollback()
	for where, on := range map[string]queryer{"file": db, "transaction": tx} {
		want(t, on, `SELECT ? || ?`, []any{"a", "b"}, "ab")
		want(t, on, `SELECT ?2 || ?1`, []any{"a", "b"}, "ba")
		want(t, on, `SELECT $1 || $2`, []any{"a", "b"}, "ab")
		want(t, on, `SELECT :a || @b || $c || :a`, []any{sql.Named("c", "3"), sql.Named("a", "1"), sql.Named("b", "2")}, "1231")
		for query, args := range map[string][]any{
			`SELECT ?`:     {},
			`SELECT ?, ?`:  {1},
			`SELECT ?, 1`:  {1, 2},
			`SELECT :a`:    {sql.Named("b", 1)},
			`SELECT :a, ?`: {sql.Named("a", 1), 2},
		} {
			if _, err := try(bg(t), on, query, args...); wire.ErrorCode(err) != wire.CodeInvalidRequest {
				t.Errorf("%s: %s with %v: %v", where, query, args, err)
			}
		}
	}
	check(t, tx.Rollback(), 0, 0)
	exec(t, db, `INSERT INTO t(id, s) VALUES(:id, :s)`, sql.Named("s", "x"), sql.Named("id", 7))
	want(t, db, `SELECT id, s FROM t`, nil, int64(7), "x")
	_, err := db.Exec(`INSERT INTO t(s) VALUES(?)`, sql.Out{Dest: new(string)})
	wantCode(t, err, wire.CodeInvalidRequest)
	_, err = db.Exec(`INSERT INTO t(s) VALUES(:a)`, sql.Named("a", 1), sql.Named("a", 2))
	wantCode(t, err, wire.CodeInvalidRequest)
}

// A prepared statement may be used again and by many.
func TestPrepared(t *testing.T) {
	_, db := usual(t)
	put, err := db.Prepare(insertT)
	check(t, err, 0, 0)
	defer put.Close()
	get, err := db.Prepare(`SELECT s FROM t WHERE id = ?`)
	check(t, err, 0, 0)
	defer get.Close()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			s := fmt.Sprint(i)
			res, err := put.Exec(s)
			if err != nil {
				t.Error(err)
				return
			}
			id, _ := res.LastInsertId() // never fails
			var got string
			if err := get.QueryRow(id).Scan(&got); err != nil || got != s {
				t.Errorf("row %d: %q, %v, want %q", id, got, err, s)
			}
		})
	}
	all.Wait()
	tx := begin(t, db, nil)
	defer tx.Rollback()
	if _, err := tx.Stmt(put).Exec("in tx"); err != nil {
		t.Fatal(err)
	}
	var got string
	check(t, tx.Stmt(get).QueryRow(21).Scan(&got), 0, 0)
	check(t, nil, got, "in tx")
}

// A write that returns rows is a query.
func TestReturning(t *testing.T) {
	_, db := usual(t)
	want(t, db, `INSERT INTO t(s) VALUES(?), (?) RETURNING id, s, s || '!'`, []any{"a", "b"}, int64(1), "a", "a!", int64(2), "b", "b!")
	want(t, db, `WITH n(s) AS (VALUES('c')) INSERT INTO t(s) SELECT s FROM n RETURNING s`, nil, "c")
	want(t, db, `DELETE FROM t WHERE s = 'nobody' RETURNING s`, nil)
	wantT(t, db, "a", "b", "c")
	tx := begin(t, db, nil)
	want(t, tx, `UPDATE t SET s = 'z' WHERE id = 1 RETURNING s`, nil, "z")
	check(t, tx.Rollback(), 0, 0)
	wantT(t, db, "a", "b", "c")
	want(t, db, `INSERT INTO t(s) VALUES('d')`, nil)
	_, err := try(bg(t), db, `INSERT INTO t(s) SELECT hex(zeroblob(700000)) RETURNING s`)
	wantCode(t, err, wire.CodeResultTooLarge)
	wantT(t, db, "a", "b", "c", "d")
}

// What many write they read at once, each their own and with no daemon's event.
func TestReadYourWrites(t *testing.T) {
	_, db := usual(t, "events", "0")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				s := fmt.Sprint(i, "/", j)
				if _, err := db.Exec(insertT, s); err != nil {
					t.Error(err)
					return
				}
				var n int
				if err := db.QueryRow(`SELECT count(*) FROM t WHERE s = ?`, s).Scan(&n); err != nil || n != 1 {
					t.Errorf("%s was written: found %d times, %v", s, n, err)
				}
			}
		})
	}
	all.Wait()
}

// PRAGMAs that tell of the schema are read from the file, what is the daemon's
// from the daemon, and the rest it refuses.
func TestPragma(t *testing.T) {
	_, db := usual(t)
	want(t, db, `SELECT name FROM pragma_table_info('t')`, nil, "id", "s")
	rows, err := try(bg(t), db, `PRAGMA table_info(t)`)
	check(t, err, len(rows), 2)
	exec(t, db, `PRAGMA user_version = 7`)
	want(t, db, `PRAGMA user_version`, nil, int64(7))
	want(t, db, `PRAGMA journal_mode`, nil, "wal")
	rows, err = try(bg(t), db, `PRAGMA foreign_keys`)
	check(t, err, len(rows), 1)
	_, err = db.Exec(`PRAGMA journal_mode = DELETE`)
	wantCode(t, err, wire.CodeForbiddenStatement)
}

// A statement that is known tells the columns that its table has now, on the
// file, in a transaction and by RETURNING.
func TestSchemaChange(t *testing.T) {
	_, db := usual(t)
	exec(t, db, insertT, "a")
	columns := func(q queryer, query string) int {
		rows, err := q.QueryContext(bg(t), query)
		check(t, err, 0, 0)
		defer rows.Close()
		names, err := rows.Columns()
		check(t, err, rows.Next(), true)
		return len(names)
	}
	const all, update = `SELECT * FROM t`, `UPDATE t SET s = s RETURNING *`
	for i := range 3 {
		check(t, nil, []int{columns(db, all), columns(db, update)}, []int{2 + 2*i, 2 + 2*i})
		exec(t, db, fmt.Sprintf(`ALTER TABLE t ADD COLUMN a%d`, i))
		tx := begin(t, db, nil)
		check(t, nil, []int{columns(tx, all), columns(tx, update)}, []int{3 + 2*i, 3 + 2*i})
		exec(t, tx, fmt.Sprintf(`ALTER TABLE t ADD COLUMN b%d`, i))
		check(t, nil, []int{columns(tx, all), columns(tx, update)}, []int{4 + 2*i, 4 + 2*i})
		check(t, tx.Commit(), 0, 0)
	}
}

// Of several statements in a query the last one's rows come, if any writes;
// several that read are refused.
func TestSeveral(t *testing.T) {
	_, db := usual(t)
	want(t, db, `INSERT INTO t(s) VALUES('a'); SELECT s FROM t`, nil, "a")
	_, err := try(bg(t), db, `SELECT 1; SELECT 2`)
	wantCode(t, err, wire.CodeInvalidRequest)
	_, err = db.Exec(`INSERT INTO t(s) VALUES(?); DELETE FROM t`, "b")
	wantCode(t, err, wire.CodeInvalidRequest)
	rows, err := db.Query(`SELECT s FROM t`)
	check(t, err, rows.NextResultSet(), false)
	check(t, rows.Close(), 0, 0)
	wantT(t, db, "a")
}

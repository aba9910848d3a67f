package driver

import (
	"database/sql"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// each runs a test on the file, and in a transaction with the daemon.
func each(t *testing.T, db *sql.DB, f func(t *testing.T, q queryer)) {
	t.Run("file", func(t *testing.T) { f(t, db) })
	t.Run("transaction", func(t *testing.T) {
		tx := begin(t, db, nil)
		defer tx.Rollback()
		f(t, tx)
	})
}

// Every value comes back as it was stored.
func TestValues(t *testing.T) {
	_, db := usual(t)
	exec(t, db, `CREATE TABLE v(id INTEGER PRIMARY KEY, x)`)
	values := []any{nil, int64(math.MinInt64), int64(math.MaxInt64), 1.0, 1.5, math.Inf(-1), "", "a\x00b'é", []byte{}, []byte{0, 255}}
	for i, v := range values {
		exec(t, db, `INSERT INTO v VALUES(?, ?)`, i, v)
	}
	each(t, db, func(t *testing.T, q queryer) { want(t, q, `SELECT x FROM v ORDER BY id`, nil, values...) })
	want(t, db, `SELECT ?, ?, ?`, []any{true, uint8(3), float32(0.5)}, int64(1), int64(3), 0.5)
	s := "pointed"
	want(t, db, `SELECT ?, ?`, []any{&s, (*string)(nil)}, s, nil)
	want(t, db, `SELECT ?`, []any{sql.NullInt64{Int64: 4, Valid: true}}, int64(4))
	_, err := db.Exec(`INSERT INTO v(x) VALUES(?)`, math.NaN())
	wantCode(t, err, wire.CodeInvalidRequest)
	_, err = db.Exec(`INSERT INTO v(x) VALUES(?)`, "\xff")
	wantCode(t, err, wire.CodeInvalidRequest)
}

// Times are stored as SQLite's functions read them, and come back from columns
// that are declared so, however they were stored.
func TestTimes(t *testing.T) {
	_, db := usual(t)
	exec(t, db, `CREATE TABLE d(id INTEGER PRIMARY KEY, a DATETIME, b timestamp, c DATE, d TIMESTAMP(6), e TEXT)`)
	zone := time.FixedZone("", -5*3600)
	at, zoned := date(123456789, time.UTC), date(0, zone)
	exec(t, db, `INSERT INTO d VALUES(1, ?1, ?2, ?3, ?1, ?1)`, at, zoned, date(0, time.UTC))
	want(t, db, `SELECT a || '|' || b, datetime(b), date(c) FROM d`, nil, "2026-11-25 13:14:15.123456789+00:00|2026-11-25 13:14:15-05:00", "2026-11-25 18:14:15", "2026-11-25")
	each(t, db, func(t *testing.T, q queryer) {
		rows, err := try(bg(t), q, `SELECT a, b, c, d, e FROM d`)
		check(t, err, rows[0][0], any(at))
		check(t, nil, rows[0][3:], []any{at, "2026-11-25 13:14:15.123456789+00:00"})
		if got := rows[0][1].(time.Time); !got.Equal(zoned) || got.Format(time.RFC3339) != zoned.Format(time.RFC3339) {
			t.Errorf("got %v, want %v", got, zoned)
		}
	})
	local := time.Date(1930, 1, 1, 0, 0, 0, 0, time.FixedZone("LMT", 19*60+32))
	exec(t, db, `INSERT INTO d(id, a) VALUES(100, ?)`, local)
	want(t, db, `SELECT a FROM d WHERE id = 100`, nil, local.UTC())
	exec(t, db, `DELETE FROM d WHERE id = 100`)
	day := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	for stored, want := range map[any]any{
		"2026-11-25 13:14:15": date(0, time.UTC), "2026-11-25T13:14:15Z": date(0, time.UTC), "2026-11-25T13:14:15.5+00:00": date(5e8, time.UTC),
		"2026-11-25 13:14": date(-15e9, time.UTC), "2026-11-25": day, day.Unix(): day, day.UnixMilli(): day,
		int64(0): time.Unix(0, 0).UTC(), "soon": "soon", "": "", 2.5: 2.5, nil: nil,
	} {
		exec(t, db, `INSERT OR REPLACE INTO d(id, a) VALUES(2, ?)`, stored)
		rows, err := try(bg(t), db, `SELECT a FROM d WHERE id = 2`)
		check(t, err, rows[0][0], want)
	}
	var now time.Time
	exec(t, db, `INSERT INTO d(id, a) VALUES(3, CURRENT_TIMESTAMP)`)
	check(t, db.QueryRow(`SELECT a FROM d WHERE id = 3`).Scan(&now), 0, 0)
	check(t, nil, now.Location().String(), "UTC")
	want(t, db, `INSERT INTO d(id, a) VALUES(4, ?) RETURNING a`, []any{at}, at)
}

// Columns declared BOOLEAN hold booleans, where they do.
func TestBooleans(t *testing.T) {
	_, db := usual(t)
	exec(t, db, `CREATE TABLE b(x BOOLEAN)`)
	exec(t, db, `INSERT INTO b VALUES(?), (?), (2), ('x'), (NULL)`, true, false)
	each(t, db, func(t *testing.T, q queryer) {
		want(t, q, `SELECT x FROM b ORDER BY rowid`, nil, true, false, int64(2), "x", nil)
	})
}

// The columns' types are told as they are declared.
func TestColumnTypes(t *testing.T) {
	_, db := usual(t)
	exec(t, db, `CREATE TABLE c(id INTEGER PRIMARY KEY, n varchar(20) NOT NULL, r DOUBLE, b BLOB, at DATETIME, ok BOOLEAN, f, m DECIMAL(10,2))`)
	const query = `SELECT id, n, r, b, at, ok, f, m, 1 + 1 AS sum FROM c`
	describe := func(q queryer) (got []string) {
		rows, err := q.QueryContext(bg(t), query)
		check(t, err, 0, 0)
		defer rows.Close()
		types, err := rows.ColumnTypes()
		check(t, err, 0, 0)
		for _, c := range types {
			null, known := c.Nullable()
			got = append(got, fmt.Sprintf("%s %s %v/%v %v", c.Name(), c.DatabaseTypeName(), null, known, c.ScanType()))
		}
		return got
	}
	check(t, nil, describe(db), []string{
		"id INTEGER false/true int64", "n VARCHAR false/true string", "r DOUBLE true/true sql.NullFloat64", "b BLOB true/true []uint8",
		"at DATETIME true/true sql.NullTime", "ok BOOLEAN true/true sql.NullBool", "f  true/true interface {}", "m DECIMAL true/true interface {}",
		"sum  true/false interface {}",
	})
	tx := begin(t, db, nil)
	defer tx.Rollback()
	check(t, nil, describe(tx)[:2], []string{"id INTEGER true/false sql.NullInt64", "n VARCHAR true/false sql.NullString"})
}

// A value can be scanned into what ScanType says.
func TestScanType(t *testing.T) {
	for k, typ := range plainTypes {
		values := map[kind]any{kindAny: "x", kindInt: int64(1), kindReal: 1.5, kindText: "x", kindBlob: []byte("x"), kindBool: true, kindTime: time.Now()}
		dest := reflect.New(nullTypes[k])
		if s, ok := dest.Interface().(sql.Scanner); ok {
			check(t, s.Scan(values[k]), 0, 0)
			check(t, s.Scan(nil), 0, 0)
		}
		if !reflect.TypeOf(values[k]).AssignableTo(typ) {
			t.Errorf("a %T is no %v", values[k], typ)
		}
	}
}

// A time comes back as the same moment, also from a zone whose offset has
// seconds.
func TestOffsetWithSeconds(t *testing.T) {
	_, db := usual(t)
	exec(t, db, `CREATE TABLE d(a DATETIME)`)
	at := date(5, time.FixedZone("LMT", 19*60+32))
	exec(t, db, `INSERT INTO d VALUES(?)`, at)
	each(t, db, func(t *testing.T, q queryer) {
		rows, err := try(bg(t), q, `SELECT a FROM d`)
		check(t, err, len(rows), 1)
		if got, ok := rows[0][0].(time.Time); !ok || !got.Equal(at) {
			t.Errorf("got %v, want %v", rows[0][0], at)
		}
	})
}

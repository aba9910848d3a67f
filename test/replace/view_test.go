//go:build unix

package replace

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/test/tally"
)

// The tables of every generation. A row tells the generation in which it was
// written; wide is spread over many pages, all of which a batch may change.
const createTables = `CREATE TABLE generation(tag TEXT);
	CREATE TABLE counter(n INTEGER);
	CREATE TABLE batch(id TEXT, gen TEXT, parts INTEGER, sum INTEGER);
	CREATE TABLE part(batch TEXT, n INTEGER, gen TEXT, value TEXT);
	CREATE TABLE wide(id INTEGER PRIMARY KEY, gen TEXT, stamp TEXT, pad TEXT)`

const wideRows = 60

// birth returns the statements that make an empty file a generation.
func birth(tag string) []string {
	return []string{
		createTables,
		`INSERT INTO generation VALUES('` + tag + `')`,
		`INSERT INTO counter VALUES(0)`,
		fmt.Sprintf(`WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM i WHERE n < %d)
			INSERT INTO wide SELECT n, '%s', '%[2]s', hex(zeroblob(200)) FROM i`, wideRows, tag),
	}
}

// retag returns the statement that makes a file another generation.
func retag(tag string) string {
	return `UPDATE generation SET tag = '` + tag + `'; UPDATE wide SET gen = '` + tag + `', stamp = '` + tag + `'`
}

// batch returns the statements of a batch. It takes the generation from the
// file, for who sends it cannot know.
func batch(id string, parts, size int, wide bool) (sql []string) {
	sum := crc32.NewIEEE()
	for n := range parts {
		text := fmt.Sprintf("%s/%d ", id, n)
		value := strings.Repeat(text, 1+size/len(text))
		sum.Write([]byte(value))
		sql = append(sql, fmt.Sprintf(`INSERT INTO part SELECT '%s', %d, tag, '%s' FROM generation`, id, n, value))
	}
	sql = append(sql,
		fmt.Sprintf(`INSERT INTO batch SELECT '%s', tag, %d, %d FROM generation`, id, parts, sum.Sum32()),
		`UPDATE counter SET n = n + 1`)
	if wide {
		sql = append(sql, `UPDATE wide SET stamp = '`+id+`', gen = (SELECT tag FROM generation)`)
	}
	return sql
}

// flaw is something that is wrong with a view.
type flaw struct {
	Kind tally.Count
	What string
}

// view is what a read transaction shows of a file.
type view struct {
	Bare    bool // it has no tables of ours
	Tag     string
	Batches map[string]string // their ids and the generations in which they were written
	Flaws   []flaw            // what cannot be in any file
	Rev     int64
	Epoch   string // "" where the file has none
	WAL     bool
}

func (v *view) flawed(kind tally.Count, format string, args ...any) {
	v.Flaws = append(v.Flaws, flaw{kind, fmt.Sprintf(format, args...)})
}

// look reads all of a file in the transaction that is open, or in one of its
// own.
func look(db *sqlite3.Conn) (v view, err error) {
	if db.GetAutocommit() {
		if err := db.Exec(`BEGIN`); err != nil {
			return v, err
		}
		defer func() { err = errors.Join(err, db.Exec(`ROLLBACK`)) }()
	}
	own, mode := 0, ""
	err = errors.Join(
		each(db, `SELECT count(*) FROM sqlite_schema WHERE name = 'generation'`, func(r *sqlite3.Stmt) { v.Bare = r.ColumnInt(0) == 0 }),
		each(db, `SELECT count(*) FROM sqlite_schema WHERE name = '_skylinedb_state'`, func(r *sqlite3.Stmt) { own = r.ColumnInt(0) }),
		each(db, `PRAGMA journal_mode`, func(r *sqlite3.Stmt) { mode = r.ColumnText(0) }))
	v.WAL = mode == "wal"
	if err == nil && own > 0 {
		err = each(db, `SELECT rev, epoch FROM _skylinedb_state`, func(r *sqlite3.Stmt) {
			v.Rev, v.Epoch = r.ColumnInt64(0), r.ColumnText(1)
		})
	}
	if err != nil || v.Bare {
		return v, err
	}
	return v, errors.Join(v.lookAtTag(db), v.lookAtBatches(db))
}

// lookAtTag reads which generation the file is, and whether all of it is.
func (v *view) lookAtTag(db *sqlite3.Conn) error {
	tags := 0
	err := each(db, `SELECT tag FROM generation`, func(r *sqlite3.Stmt) { v.Tag, tags = r.ColumnText(0), tags+1 })
	if err != nil {
		return err
	}
	if tags != 1 {
		v.flawed(tally.Torn, "%d tags", tags)
	}
	return each(db, `SELECT count(*), min(gen), max(gen), min(stamp), max(stamp), sum(length(pad)) FROM wide`, func(r *sqlite3.Stmt) {
		text := r.ColumnText
		if r.ColumnInt(0) != wideRows || text(1) != v.Tag || text(2) != v.Tag || text(3) != text(4) || r.ColumnInt(5) != 400*wideRows {
			v.flawed(tally.Torn, "generation %q: of the wide table %s rows of the generations %q to %q with the stamps %q to %q and %s bytes",
				v.Tag, text(0), text(1), text(2), text(3), text(4), text(5))
		}
	})
}

// lookAtBatches reads the batches, and whether each is whole.
func (v *view) lookAtBatches(db *sqlite3.Conn) error {
	type total struct {
		parts int
		sum   uint32
		gens  map[string]bool
	}
	found := map[string]*total{}
	err := each(db, `SELECT batch, gen, value FROM part ORDER BY batch, n`, func(r *sqlite3.Stmt) {
		id := r.ColumnText(0)
		if found[id] == nil {
			found[id] = &total{gens: map[string]bool{}}
		}
		t := found[id]
		t.gens[r.ColumnText(1)] = true
		t.sum = crc32.Update(t.sum, crc32.IEEETable, []byte(r.ColumnText(2)))
		t.parts++
	})
	if err != nil {
		return err
	}
	v.Batches = map[string]string{}
	rows := 0
	err = each(db, `SELECT id, gen, parts, sum FROM batch`, func(r *sqlite3.Stmt) {
		rows++
		id, gen := r.ColumnText(0), r.ColumnText(1)
		if _, again := v.Batches[id]; again {
			v.flawed(tally.Doubled, "batch %s stands twice", id)
			return
		}
		v.Batches[id] = gen
		t := found[id]
		delete(found, id)
		if t == nil || t.parts != r.ColumnInt(2) || int64(t.sum) != r.ColumnInt64(3) || len(t.gens) != 1 || !t.gens[gen] {
			v.flawed(tally.Torn, "batch %s of generation %s has not its %d parts: %+v", id, gen, r.ColumnInt(2), t)
		}
	})
	for id, t := range found {
		v.flawed(tally.Torn, "%d parts of no batch %s", t.parts, id)
	}
	return errors.Join(err, each(db, `SELECT n FROM counter`, func(r *sqlite3.Stmt) {
		if r.ColumnInt(0) != rows {
			v.flawed(tally.Torn, "the counter says %d, and there are %d batches", r.ColumnInt(0), rows)
		}
	}))
}

// each calls f for every row of a query.
func each(db *sqlite3.Conn, sql string, f func(row *sqlite3.Stmt)) error {
	st, _, err := db.Prepare(sql)
	if err != nil {
		return err
	}
	for st.Step() {
		f(st)
	}
	return st.Close()
}

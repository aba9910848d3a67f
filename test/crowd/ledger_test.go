package crowd

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
	"github.com/skylinedb/skylinedb/wire"
)

// createT makes the table into which all write. Every batch inserts one row, so
// the row's seq tells the batch's rev: the n-th row came with the n-th rev after
// the table's.
const createT = `CREATE TABLE t(seq INTEGER PRIMARY KEY, client INTEGER, n INTEGER)`

// row is what one batch inserts. Each is sent by one client, as one batch.
type row struct{ client, n int }

func (r row) insert() string {
	return fmt.Sprintf(`INSERT INTO t(client, n) VALUES(%d, %d)`, r.client, r.n)
}

// ledger is what the clients know of one database.
type ledger struct {
	t     testing.TB
	db    string
	start int64 // the rev of the table

	mu      sync.Mutex
	acked   map[int64]row // by rev
	highest int64         // rev
	doubt   map[row]bool  // sent, and the reply never came
}

// newLedgers makes the tables of n databases that are new.
func newLedgers(t testing.TB, c *harness.Conn, n int) (all []*ledger) {
	t.Helper()
	var bodies []string
	for i := range n {
		l := &ledger{t: t, db: fmt.Sprintf("%d.db", i), acked: map[int64]row{}, doubt: map[row]bool{}}
		all = append(all, l)
		bodies = append(bodies, harness.Batch(l.db, createT))
	}
	if err := c.Send(bodies...); err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		reply := c.Reply()
		if err := reply.Err(); err != nil {
			t.Fatalf("make %s: %v", l.db, err)
		}
		l.start, l.highest = *reply.Rev, *reply.Rev
	}
	return all
}

// batch returns the request that inserts a row.
func (l *ledger) batch(r row) string { return harness.Batch(l.db, r.insert()) }

// floor returns the highest rev that was acknowledged to anyone: what is sent
// from now on gets a higher one.
func (l *ledger) floor() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.highest
}

// reply enters the success of a row that was sent when floor was the highest
// rev, and checks what the reply tells.
func (l *ledger) reply(r row, floor int64, reply *wire.Reply) {
	if reply.Rev == nil || reply.RowsAffected == nil || reply.LastInsertRowID == nil {
		tally.Violation(l.t, tally.Other, "%s: the reply to %v lacks something: %+v", l.db, r, reply)
		return
	}
	l.acknowledge(r, floor, *reply.Rev, *reply.RowsAffected, *reply.LastInsertRowID)
}

func (l *ledger) acknowledge(r row, floor, rev, affected, rowid int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if affected != 1 || rowid != rev-l.start {
		tally.Violation(l.t, tally.Other, "%s: %v with rev %d is row %d and %d rows, want row %d and 1", l.db, r, rev, rowid, affected, rev-l.start)
	}
	if rev <= floor {
		tally.Violation(l.t, tally.Other, "%s: %v was given rev %d, and rev %d was known before it was sent", l.db, r, rev, floor)
	}
	if other, taken := l.acked[rev]; taken {
		tally.Violation(l.t, tally.Doubled, "%s: rev %d was given to %v and to %v", l.db, rev, other, r)
	}
	l.acked[rev] = r
	l.highest = max(l.highest, rev)
}

// lose notes that a row was sent and its reply will never come.
func (l *ledger) lose(r row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.doubt[r] = true
}

// check compares the ledger with what is in the file: every acknowledged row,
// under its rev; none twice; no others but those whose replies were lost.
func (l *ledger) check(rows []row, rev int64) {
	l.t.Helper()
	if rev != l.start+int64(len(rows)) {
		tally.Violation(l.t, tally.Other, "%s: %d rows and rev %d after %d", l.db, len(rows), rev, l.start)
	}
	seen := map[row]bool{}
	for i, r := range rows {
		if seen[r] {
			tally.Violation(l.t, tally.Doubled, "%s: %v is there twice", l.db, r)
		}
		seen[r] = true
		if acked, ok := l.acked[l.start+1+int64(i)]; ok && acked != r {
			tally.Violation(l.t, tally.Other, "%s: rev %d was given to %v and the file has %v there", l.db, l.start+1+int64(i), acked, r)
		} else if !ok && !l.doubt[r] {
			tally.Violation(l.t, tally.Other, "%s: %v is there, which nobody sent or which was refused", l.db, r)
		}
	}
	for rev, r := range l.acked {
		if !seen[r] {
			tally.Violation(l.t, tally.Lost, "%s: %v was acknowledged with rev %d and is not there", l.db, r, rev)
		}
	}
}

// checkFiles checks all ledgers against the files, as a reader in another
// process sees them.
func checkFiles(t testing.TB, dir string, ledgers []*ledger) (batches int) {
	t.Helper()
	reader := harness.Open(t, filepath.Join(dir, ledgers[0].db), "ro")
	defer reader.Close()
	for _, l := range ledgers {
		rows, rev, err := l.read(reader, dir)
		if err != nil {
			t.Fatalf("%s: %v", l.db, err)
		}
		l.check(rows, rev)
		batches += len(l.acked)
	}
	return batches
}

// read returns the rows of the database in the order of their seq, which must
// have no gap, and its rev.
func (l *ledger) read(reader *harness.SQLite, dir string) (rows []row, rev int64, err error) {
	if _, err = reader.Try(fmt.Sprintf(`ATTACH '%s' AS x`, filepath.Join(dir, l.db))); err != nil {
		return nil, 0, err
	}
	defer reader.Exec(`DETACH x`)
	found, err := reader.Try(`SELECT rev, coalesce((SELECT group_concat(seq || ' ' || client || ' ' || n, ',' ORDER BY seq) FROM x.t), '') FROM x._skylinedb_state`)
	if err != nil {
		return nil, 0, err
	}
	if rev, err = strconv.ParseInt(found[0], 10, 64); err != nil || found[1] == "" {
		return nil, rev, err
	}
	for i, text := range strings.Split(found[1], ",") {
		var seq int
		var r row
		if _, err := fmt.Sscanf(text, "%d %d %d", &seq, &r.client, &r.n); err != nil {
			return nil, rev, err
		}
		if seq != i+1 {
			return nil, rev, fmt.Errorf("row %d has number %d", i+1, seq)
		}
		rows = append(rows, r)
	}
	return rows, rev, nil
}

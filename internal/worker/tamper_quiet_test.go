//go:build unix

package worker

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// lawful is what others may do to a database that is open, by SQLite's own
// means: the worker must suspect nothing.
var lawful = []string{
	`INSERT INTO o SELECT randomblob(3000) FROM generate_series(1, 5)`,
	`DELETE FROM o WHERE rowid % 3 = 0`,
	`UPDATE o SET x = randomblob(200)`,
	`PRAGMA wal_checkpoint(PASSIVE)`,
	`PRAGMA wal_checkpoint(FULL)`,
	`PRAGMA wal_checkpoint(RESTART)`,
	`PRAGMA wal_checkpoint(TRUNCATE)`,
	`INSERT INTO o VALUES(1); PRAGMA wal_checkpoint(TRUNCATE)`,
	`VACUUM`,
	`PRAGMA user_version = 7`,
	`CREATE INDEX IF NOT EXISTS i ON o(x)`,
	`DROP INDEX IF EXISTS i`,
	`SELECT count(*) FROM o`,
}

// Others write, checkpoint, read and vacuum between the batches.
func TestLawfulNeighbours(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(name("seed", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			v := newVictim(t, r.IntN(2) == 0)
			v.cfg.checkpointPages = 1 + r.IntN(30)
			v.stop()
			v.ok(batchOf(`CREATE TABLE o(x)`))
			rows := victimRows
			var readers []*outside
			for range 150 {
				switch r.IntN(8) {
				case 0, 1, 2:
					v.ok(numbered(rows))
					rows++
				case 3:
					v.lawfulStep(r, &readers)
				default:
					v.try(lawful[r.IntN(len(lawful))])
				}
			}
			for _, reader := range readers {
				reader.close()
			}
			v.wantUnsuspected(rows)
		})
	}
}

// lawfulStep is what takes more than a statement of another process.
func (v *victim) lawfulStep(r *rand.Rand, readers *[]*outside) {
	v.t.Helper()
	switch r.IntN(6) {
	case 0:
		reader := openReader(v.t, v.file)
		reader.hold()
		*readers = append(*readers, reader)
	case 1:
		for _, reader := range *readers {
			reader.close()
		}
		*readers = nil
	case 2:
		v.ok(noneOf(`VACUUM`))
	case 3:
		v.stop()
		v.try(`PRAGMA journal_mode = DELETE`) // which fails where somebody reads
	case 4:
		at := time.Now().Add(time.Duration(r.IntN(5)-2) * time.Hour)
		if err := os.Chtimes(v.file, at, at); err != nil {
			v.t.Fatal(err)
		}
	case 5:
		if len(*readers) == 0 { // which would be waited for
			v.wantOutcome(prepare, "checkpointed ok")
			v.wantOutcome(reopen, "reopened ok")
		}
	}
}

// try runs a statement as another process. That others are in its way is fine.
func (v *victim) try(sql string) {
	v.t.Helper()
	o := v.outside()
	defer o.close()
	if err := o.db.Exec(sql); err != nil && !errors.Is(err, sqlite3.BUSY) && !errors.Is(err, sqlite3.LOCKED) {
		v.t.Errorf("%s: %v", sql, err)
	}
}

// wantUnsuspected checks that all rows are there, in the same epoch, and that
// nothing was said of tampering.
func (v *victim) wantUnsuspected(rows int) {
	v.t.Helper()
	v.ok(numbered(rows))
	v.wantQuery(`SELECT count(*) || ' ' || max(a) FROM t`, fmt.Sprint(rows+1, " ", rows))
	v.wantQuery(`PRAGMA integrity_check`, "ok")
	if got := v.harness.epoch(); got != v.epoch {
		v.t.Error("the epoch is another")
	}
	v.wantUntold()
}

// Others do so at any moment.
func TestLawfulNeighboursAtOnce(t *testing.T) {
	v := newVictim(t, true)
	v.cfg.checkpointPages = 10
	v.stop()
	v.ok(batchOf(`CREATE TABLE o(x)`))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range uint64(2) {
		o := v.outside()
		if err := o.db.BusyTimeout(patience); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(i, 2))
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				sql := lawful[r.IntN(len(lawful))]
				if err := o.db.Exec(sql); err != nil && !errors.Is(err, sqlite3.BUSY) && !errors.Is(err, sqlite3.LOCKED) {
					t.Errorf("%s: %v", sql, err)
				}
			}
		})
	}
	const rows = 200
	for i := victimRows; i < rows; i++ {
		v.ok(numbered(i))
	}
	close(stop)
	wg.Wait()
	v.wantUnsuspected(rows)
}

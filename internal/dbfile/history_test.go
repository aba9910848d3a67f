package dbfile

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"
)

// history runs random work on a database, with two writers and a reader that
// makes checkpoints stop half way, and calls look after each step.
func history(t *testing.T, pageSize, steps int, look func(file, deed string, random *rand.Rand)) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(pageSize)))
	file := filepath.Join(t.TempDir(), "a.db")
	writers := []*sqlite3.Conn{
		writer(t, file, fmt.Sprintf("PRAGMA page_size=%d", pageSize), "PRAGMA auto_vacuum=INCREMENTAL", "PRAGMA journal_mode=WAL"),
		writer(t, file, "PRAGMA cache_size=3"), // spills
	}
	reader := writer(t, file)
	run(t, writers[0], "CREATE TABLE t(id INTEGER PRIMARY KEY, x)")
	deeds := []string{grow, grow, "DELETE FROM t WHERE id % 3 = 0", "UPDATE t SET x = randomblob(700)",
		"UPDATE t SET x = randomblob(500) WHERE id = (SELECT max(id) FROM t)",
		"CREATE TABLE IF NOT EXISTS u(y)", "DROP TABLE IF EXISTS u", "PRAGMA user_version=%d",
		"PRAGMA wal_checkpoint(PASSIVE)", "PRAGMA wal_checkpoint(RESTART)", "PRAGMA wal_checkpoint(TRUNCATE)",
		"PRAGMA incremental_vacuum(2)", "VACUUM"}
	for step := range steps {
		deed := deeds[random.IntN(len(deeds))]
		if strings.Contains(deed, "%d") {
			deed = fmt.Sprintf(deed, step)
		}
		switch random.IntN(6) {
		case 0:
			_ = reader.Exec("ROLLBACK") // there may be nothing to roll back
		case 1:
			_ = reader.Exec("BEGIN; SELECT count(*) FROM t")
		}
		_ = writers[random.IntN(2)].Exec(deed) // busy is fine
		look(snapshot(t, file), deed, random)
	}
}

// A log that was written on a closed file is accepted at every moment, and
// beside another one only if it is folded.
func TestCheckLogAcceptsWhatSQLiteWrites(t *testing.T) {
	for _, pageSize := range []int{512, 4096, 65536} {
		t.Run(fmt.Sprint(pageSize), func(t *testing.T) {
			logs, folded := 0, 0
			history(t, pageSize, 150, func(file, deed string, _ *rand.Rand) {
				if h, ok := parseIndexHeader(read(t, file+indexSuffix)); !ok || h.lastFrame == 0 || h.pageSize != pageSize {
					return // started over: nothing of the log counts
				}
				logs++
				if err := CheckLog(file, unchanged(t, file), identify(t, file)); err != nil {
					t.Errorf("after %s: %v", deed, err)
				}
				if CheckLog(file, closedElsewhere, identify(t, file)) == nil {
					folded++
				}
			})
			t.Logf("%d logs, %d folded", logs, folded)
			if logs < 50 || folded == 0 {
				t.Errorf("%d logs, %d of them folded, want more", logs, folded)
			}
		})
	}
}

// A log that counts as folded, beside whatever file, changes nothing of what
// that file shows.
func TestFoldedChangesNothing(t *testing.T) {
	var past []string
	pairs, accepted := 0, 0
	history(t, 1024, 100, func(file, deed string, random *rand.Rand) {
		past = append(past, file)
		for i := range 5 {
			base, log := past[random.IntN(len(past))], past[random.IntN(len(past))]
			if i == 0 { // at one moment, which is the likeliest to fit
				base, log = file, file
			}
			if size, err := LogSize(log); err != nil || size == 0 {
				continue
			}
			pairs++
			mixed := beside(t, forked(t, base), log)
			if CheckLog(mixed, closedElsewhere, identify(t, mixed)) != nil {
				continue
			}
			accepted++
			if rows(t, mixed) != rows(t, forked(t, base)) {
				t.Errorf("after %s: a log of %s was accepted beside %s and changes it", deed, log, base)
			}
		}
	})
	t.Logf("%d pairs, %d accepted", pairs, accepted)
	if accepted < 5 {
		t.Errorf("%d of %d pairs accepted, want some", accepted, pairs)
	}
}

// rows describes what a copy of a database shows, and whether it is whole.
func rows(t *testing.T, file string) string {
	t.Helper()
	copied := snapshot(t, file)
	conn, err := sqlite3.Open(copied)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var b strings.Builder
	for _, sql := range []string{"SELECT * FROM pragma_integrity_check", "SELECT sql FROM sqlite_schema ORDER BY name",
		"SELECT id || hex(x) FROM t ORDER BY id", "PRAGMA user_version"} {
		stmt, _, err := conn.Prepare(sql)
		if err != nil {
			fmt.Fprintln(&b, err)
			continue
		}
		for stmt.Step() {
			b.WriteString(stmt.ColumnText(0) + "\n")
		}
		fmt.Fprintln(&b, stmt.Close())
	}
	return b.String()
}

package hostile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
	"github.com/skylinedb/skylinedb/wire"
)

// Rounds of the short form, and inputs of each attacker in a round.
const (
	shortRounds = 4
	inputs      = 1250 / slow
)

// victims are the attackers' databases. No mutation is likely to make one
// name of another.
var victims = []string{"quartz.db", "feldspar.db", "mica-schist.db", "gneiss7.db"}

// Attackers send thousands of inputs that are mutated or random, each to a
// database of his own, while a polite client works on another. The daemon
// answers each as it should, the polite client notices nothing, and nothing
// has happened to any file that no batch was acknowledged for.
func TestHostileInputs(t *testing.T) {
	for seed := range tally.Rounds(shortRounds) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { hostileRound(t, seed) })
	}
}

func hostileRound(t *testing.T, seed uint64) {
	here := listing(t, ".")
	d := harness.Start(t, harness.Config{Flags: []string{"--foreign-keys"}})
	around := listing(t, filepath.Dir(d.Dir))
	p := newPolite(t, d)
	t.Cleanup(p.stop)
	p.start()
	var attackers []*attacker
	var wg sync.WaitGroup
	for i, db := range victims {
		a := newAttacker(t, d, db, seed, uint64(i))
		attackers = append(attackers, a)
		wg.Go(func() { a.attack(inputs) })
	}
	wg.Wait()
	p.await(1)
	p.stop()
	if d.Exited() {
		tally.Violation(t, tally.Other, "the daemon ended:\n%s", d.Output())
		return
	}
	p.check()
	judgeRound(t, d, attackers)
	for dir, before := range map[string]string{".": here, filepath.Dir(d.Dir): around} {
		if after := listing(t, dir); after != before {
			tally.Violation(t, tally.LetIn, "the files in %q were\n%s\nand are\n%s", dir, before, after)
		}
	}
}

// judgeRound looks at the attackers' databases.
func judgeRound(t *testing.T, d *harness.Daemon, attackers []*attacker) {
	t.Helper()
	c := d.Dial()
	for _, a := range attackers {
		a.main.Close()
	}
	harness.Await(t, "the attackers are gone", func() bool { return c.Status().Connections <= 2 })
	for _, a := range attackers {
		c.OK(harness.Command(wire.TypeReopenDatabase, a.source.db))
		a.account(c.OK(harness.Batch(a.source.db, `DROP TABLE IF EXISTS seen_by_the_judge`, askConnection)))
		a.judge()
	}
}

// askConnection has the daemon's connection write down how it is set.
const askConnection = `CREATE TABLE seen_by_the_judge AS SELECT concat_ws(' ',
	(SELECT group_concat(name) FROM pragma_database_list WHERE name <> 'temp'), (SELECT count(*) FROM sqlite_temp_schema),
	(SELECT journal_mode FROM pragma_journal_mode), (SELECT synchronous FROM pragma_synchronous), (SELECT foreign_keys FROM pragma_foreign_keys),
	(SELECT defer_foreign_keys FROM pragma_defer_foreign_keys), (SELECT cache_size FROM pragma_cache_size), 'a' LIKE 'A') AS text`

const askedConnection = "main 0 wal 1 1 0 -2000 1"

// judge checks that a database is whole, and that what is the daemon's in it
// is as the daemon made it.
func (a *attacker) judge() {
	t := a.t
	t.Helper()
	reader := harness.Open(t, a.d.File(a.source.db), "ro")
	defer reader.Close()
	if got := reader.Text(`PRAGMA integrity_check`); got != "ok" {
		tally.Violation(t, tally.Corrupt, "%s: %s", a.source.db, got)
	}
	for sql, want := range map[string]string{
		`SELECT text FROM seen_by_the_judge`:                                                           askedConnection,
		`SELECT group_concat(concat_ws(' ', id, rev, epoch)) FROM _skylinedb_state`:                    fmt.Sprint("1 ", a.db.rev, " ", a.db.epoch),
		`SELECT count(*) FROM _skylinedb_requests WHERE length(digest) <> 16 OR json_valid(reply) = 0`: "0",
		`SELECT group_concat(concat_ws(' ', type, name, tbl_name), ';') FROM (SELECT * FROM sqlite_schema
			WHERE name LIKE '%\_skylinedb\_%' ESCAPE '\' OR tbl_name LIKE '\_skylinedb\_%' ESCAPE '\' ORDER BY name)`: "table _skylinedb_requests _skylinedb_requests;" +
			"table _skylinedb_state _skylinedb_state;index sqlite_autoindex__skylinedb_requests_1 _skylinedb_requests",
		`SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name LIKE '\_skylinedb%' ESCAPE '\'`: "0",
	} {
		if got := reader.Text(sql); got != want {
			tally.Violation(t, tally.LetIn, "%s: %s is %q, want %q", a.source.db, sql, got, want)
		}
	}
}

// listing names the files in a folder, but not those below.
func listing(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, "\n")
}

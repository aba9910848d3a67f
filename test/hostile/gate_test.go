package hostile

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// victim is a daemon with a database that the attacks are aimed at.
type victim struct {
	t *testing.T
	d *harness.Daemon
	c *harness.Conn
}

const target = "a.db"

func newVictim(t *testing.T) *victim {
	t.Helper()
	d := harness.Start(t, harness.Config{Flags: []string{"--foreign-keys"}})
	v := &victim{t, d, d.Dial()}
	v.c.OK(harness.With(harness.Batch(target, gateSetup...), "request_id", "kept"))
	return v
}

// batch is an attack behind a write that it must not save.
func batch(sql, tx string) string {
	return harness.With(harness.Batch(target, `INSERT INTO t VALUES('before', 'it')`, sql, `INSERT INTO t VALUES('behind', 'it')`), "tx", tx)
}

// refused runs an attack, which must fail with one of the codes, alone and
// within a batch of each kind.
func (v *victim) refused(sql string, code wire.Code) {
	v.t.Helper()
	for i, body := range []string{harness.Batch(target, sql), batch(sql, "atomic"), harness.With(harness.Batch(target, sql, `SELECT 1`), "tx", "none")} {
		reply := v.c.Ask(body)
		if reply.Code != code || reply.Message == "" || reply.Retryable == nil || *reply.Retryable {
			v.t.Errorf("%s (%d): %s %s %q, want %s", sql, i, reply.Status, reply.Code, reply.Message, code)
		}
		if want := map[int]int{1: 1}[i]; reply.StatementIndex == nil || *reply.StatementIndex != want {
			v.t.Errorf("%s (%d): not said to be statement %d", sql, i, want)
		}
	}
}

// state is all that an attack must not change: the rev, the daemon's tables
// and what hangs on them, the tables' content, and the files of the directory.
func (v *victim) state() string {
	v.t.Helper()
	reader := harness.Open(v.t, v.d.File(target), "ro")
	defer reader.Close()
	var b strings.Builder
	for _, sql := range []string{
		`SELECT group_concat(concat_ws(' ', id, rev, epoch)) FROM _skylinedb_state`, `SELECT group_concat(concat_ws(' ', id, hex(digest), at, reply)) FROM _skylinedb_requests`,
		`SELECT group_concat(concat_ws(' ', type, name, tbl_name, sql), ';') FROM (SELECT * FROM sqlite_schema ORDER BY name)`,
		`SELECT concat((SELECT count(*) FROM t), (SELECT count(*) FROM u), (SELECT count(*) FROM v), (SELECT count(*) FROM child), (SELECT count(*) FROM k))`,
		`SELECT group_concat(concat_ws(' ', name, seq)) FROM sqlite_sequence`, `PRAGMA journal_mode`, `PRAGMA user_version`, `PRAGMA integrity_check`,
	} {
		fmt.Fprintln(&b, reader.Text(sql))
	}
	entries, err := os.ReadDir(v.d.Dir)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, e := range entries {
		fmt.Fprintln(&b, e.Name())
	}
	return b.String()
}

// connection is how the daemon's own connection is set, as far as a client may
// ask: it writes the answers into a table, since rows do not come back.
func (v *victim) connection() string {
	v.t.Helper()
	v.c.OK(harness.Batch(target, `CREATE TABLE IF NOT EXISTS seen(text)`, `DELETE FROM seen`, `INSERT INTO seen SELECT concat_ws(' ',
		(SELECT group_concat(name) FROM pragma_database_list WHERE name <> 'temp'), (SELECT count(*) FROM sqlite_temp_schema),
		(SELECT journal_mode FROM pragma_journal_mode), (SELECT synchronous FROM pragma_synchronous), (SELECT foreign_keys FROM pragma_foreign_keys),
		(SELECT recursive_triggers FROM pragma_recursive_triggers), (SELECT defer_foreign_keys FROM pragma_defer_foreign_keys), (SELECT cache_size FROM pragma_cache_size),
		(SELECT max_page_count FROM pragma_max_page_count), 'a' LIKE 'A')`))
	reader := harness.Open(v.t, v.d.File(target), "ro")
	defer reader.Close()
	return reader.Text(`SELECT text FROM seen`)
}

// Every attack is refused, by the gate or by SQLite, or does nothing; and
// nothing is changed by it, in the file or in the daemon's connection to it.
func TestGate(t *testing.T) {
	v := newVictim(t)
	connection := v.connection()
	for _, a := range slices.Concat(gateAttacks, ownAttacks) {
		t.Run(a.name, func(t *testing.T) {
			v := &victim{t, v.d, v.c}
			before := v.state()
			for _, sql := range a.forbidden {
				v.refused(sql, wire.CodeForbiddenStatement)
			}
			for _, sql := range a.refused {
				v.refused(sql, wire.CodeSQLError)
			}
			if after := v.state(); after != before {
				t.Errorf("the attacks changed\n%s\nto\n%s", before, after)
			}
			for _, sql := range a.harmless {
				v.harmless(sql)
			}
			if got := v.connection(); got != connection {
				t.Errorf("the daemon's connection was %s and is %s", connection, got)
			}
		})
	}
}

// harmless runs what only looks like an attack, between writes that must be
// done and undone as if it were not there.
func (v *victim) harmless(sql string) {
	v.t.Helper()
	rev := *v.c.OK(harness.Command(wire.TypePing, target)).Rev
	reply := v.c.Ask(batch(sql, "atomic"))
	if reply.Err() != nil || *reply.Rev != rev+1 {
		v.t.Errorf("%s: %v, want success and rev %d", sql, reply.Err(), rev+1)
	}
	v.c.Refused(harness.Batch(target, sql, `SELEC`), wire.CodeSQLError)
	reply = v.c.OK(harness.Batch(target, `DELETE FROM t`))
	if *reply.Rev != rev+2 || *reply.RowsAffected != 2 {
		v.t.Errorf("%s: then rev %d and %d rows in t, want %d and 2", sql, *reply.Rev, *reply.RowsAffected, rev+2)
	}
}

// Parameters do not carry an attack past the gate.
func TestGateWithParameters(t *testing.T) {
	v := newVictim(t)
	before := v.state()
	for sql, params := range map[string]string{
		`ATTACH ? AS x`: `["x.db"]`, `ATTACH ?1 AS ?2`: `["x.db","x"]`, `ATTACH :f AS x`: `{"f":"x.db"}`, `DETACH ?`: `["main"]`, `VACUUM INTO ?`: `["x.db"]`,
		`SELECT load_extension(?)`: `["x"]`, `UPDATE _skylinedb_state SET rev = ?`: `[0]`, `DELETE FROM _skylinedb_requests WHERE id = :id`: `{"id":"kept"}`,
	} {
		body := `{"type":"ExecBatch","db":"a.db","stmts":[{"sql":"` + sql + `","params":` + params + `}]`
		v.c.Refused(body+`}`, wire.CodeForbiddenStatement)
		v.c.Refused(body+`,"tx":"none"}`, wire.CodeForbiddenStatement)
	}
	for _, sql := range []string{`PRAGMA journal_mode = ?`, `SELECT * FROM ?`, `UPDATE ? SET rev = 0`} {
		v.c.Refused(`{"type":"ExecBatch","db":"a.db","stmts":[{"sql":"`+sql+`","params":["x"]}]}`, wire.CodeSQLError)
	}
	for _, sql := range []string{"COMMIT\x00", "SELECT 1\x00; COMMIT", "\x00COMMIT", "SELECT 1 --\x00\n; COMMIT", "SELECT '\x00'"} {
		v.c.Refused(harness.Batch(target, sql), wire.CodeInvalidRequest)
	}
	if after := v.state(); after != before {
		t.Errorf("the attacks changed\n%s\nto\n%s", before, after)
	}
}

// A VACUUM has no transaction around it: what stands behind it is refused.
func TestGateBehindVacuum(t *testing.T) {
	v := newVictim(t)
	before := v.state()
	for _, sql := range []string{
		`VACUUM; DELETE FROM _skylinedb_state`, `VACUUM /*;--*/ ; DROP TABLE _skylinedb_state`, "VACUUM --;/*\n; BEGIN", `VACUUM INTO 'x.db'`, " \vVACUUM INTO 'x.db'",
		`VACUUM main INTO ('x' || '.db')`, `VACUUM INTO load_extension('x')`, `VACUUM; VACUUM INTO 'x.db'`, `/**/VACUUM;ATTACH 'x.db' AS x`,
	} {
		v.c.Refused(harness.With(harness.Batch(target, sql), "tx", "none"), wire.CodeForbiddenStatement)
	}
	if after := v.state(); after != before {
		t.Errorf("the attacks changed\n%s\nto\n%s", before, after)
	}
	v.c.OK(harness.With(harness.Batch(target, " \vVACUUM"), "tx", "none"))
}

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// Names that Windows has for something else than a file below the directory
// are refused by every request that has one.
func TestForbiddenNames(t *testing.T) {
	t.Parallel()
	d, c := withT(t, harness.Config{}, "a.db")
	mkdir(t, d.Dir, "folder")
	outside := filepath.Join(filepath.Dir(d.Dir), "outside.db")
	writeFile(t, outside, "somebody's file")
	for name, dbs := range map[string][]string{
		"device":      {"NUL", "nul.db", "con", "CONIN$", "Com1.db", "folder/lpt9.db", "aux .db", "COM².db", `\\.\pipe\x`, "//./pipe/x", `\\.\PhysicalDrive0`},
		"drive":       {"C:a.db", "c:", `C:..\a.db`, "D:/a.db", `Z:\a.db`},
		"share":       {`\\server\share\a.db`, "//server/share/a.db", `\\?\C:\a.db`, `\\?\UNC\server\share\a.db`},
		"upwards":     {"../outside.db", `..\outside.db`, outside, filepath.ToSlash(outside), d.Dir + `\..\outside.db`},
		"one name":    {`folder\a.db`, "a.db.", "a.db ", "folder./a.db", "a.db::$DATA", "a.db:stream"},
		"no name":     {"a?.db", "a*.db", `a".db`, "a|b.db", "<a>.db"},
		"side file":   {"A.DB-WAL", "a.db-SHM", "a.db-Journal", "a.db-SKYLINEDB"},
		"no file":     {"folder", "FOLDER", d.Dir, d.Dir + `\`},
		"long":        {strings.Repeat("x", 256), strings.Repeat("folder/", 600) + "a.db"},
		"control":     {"a\x00.db", "a\n.db"},
		"short alias": {`PROGRA~1\a.db`},
	} {
		for _, db := range dbs {
			c.Refused(harness.Batch(db, `CREATE TABLE x(x)`), wire.CodeInvalidDatabaseName)
			for _, typ := range []wire.Type{wire.TypePing, wire.TypeCloseDatabase} {
				reply := c.Refused(harness.With(`{"type":"`+string(typ)+`"}`, "db", db), wire.CodeInvalidDatabaseName)
				if strings.Count(reply.Message, `\\`) > strings.Count(db, `\\`) {
					t.Errorf("%s: %q: the message %q has more backslashes than the name", name, db, reply.Message)
				}
			}
		}
	}
	if got := readFile(t, outside); got != "somebody's file" {
		t.Errorf("the file outside holds %q now", got)
	}
}

// Names are the same in any case, and absolute ones in either spelling: all
// are one database, with one worker.
func TestNamesOfOneDatabase(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	mkdir(t, d.Dir, "Folder")
	c := d.Dial()
	c.OK(harness.Batch("Folder/Ä.db", createT))
	names := []string{
		"folder/ä.DB", "FOLDER/Ä.Db", "./folder//ä.db", d.File("Folder/Ä.db"), filepath.ToSlash(d.File("folder/Ä.db")),
		strings.ToUpper(d.Dir) + `\FOLDER\Ä.DB`,
	}
	for i, db := range names {
		c.OK(harness.Batch(db, insertT(1, i)))
	}
	if dbs := c.Status().Databases; len(dbs) != 1 || dbs[0].Batches != int64(len(names)+1) {
		t.Errorf("got the databases %+v, want one with %d batches", dbs, len(names)+1)
	}
	wantCount(t, d, "Folder/Ä.db", len(names))
}

// Paths longer than the 260 characters of old are as good as others, for the
// database, for its maintenance and for readers.
func TestLongPath(t *testing.T) {
	t.Parallel()
	dir := harness.Dir(t)
	for range 5 {
		dir = mkdir(t, dir, strings.Repeat("long-", 12))
	}
	d := harness.Start(t, harness.Config{Dir: dir})
	c := d.Dial()
	db := strings.Repeat("n", 60) + ".db"
	if len(d.File(db)) < 300 {
		t.Fatalf("%s is not long", d.File(db))
	}
	c.OK(harness.Batch(db, createT, insertT(1, 1)))
	for _, typ := range []wire.Type{wire.TypePrepareForMaintenance, wire.TypeCloseDatabase, wire.TypeReopenDatabase} {
		c.OK(harness.Command(typ, db))
	}
	c.OK(harness.Batch(db, insertT(1, 2)))
	wantCount(t, d, db, 2)
}

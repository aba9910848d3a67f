//go:build unix

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// place is a daemon's directory with everything in it that a name could be
// led astray by, and a database outside of it.
type place struct{ home, dir, outside string }

func makePlace(t *testing.T) place {
	t.Helper()
	home := harness.Dir(t)
	p := place{home, mkdir(t, home, "db"), filepath.Join(home, "outside.db")}
	writeFile(t, p.outside, "somebody's file")
	mkdir(t, p.dir, "folder")
	mkdir(t, home, "elsewhere")
	for link, target := range map[string]string{
		"link.db": p.outside, "up": home, "away": filepath.Join(home, "elsewhere"), "dangling.db": "none",
		"loop.db": "loop.db", "relative.db": "../outside.db",
	} {
		if err := os.Symlink(target, filepath.Join(p.dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(p.outside, filepath.Join(p.dir, "hard.db")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(p.dir, "fifo.db"), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// Names that are none, or that lead outside, are refused by every request that
// has one, and nothing outside is touched.
func TestForbiddenNames(t *testing.T) {
	t.Parallel()
	p := makePlace(t)
	d := harness.Start(t, harness.Config{Dir: p.dir, Socket: filepath.Join(p.dir, "s")})
	c := d.Dial()
	c.OK(harness.Batch("a.db", createT))
	for name, dbs := range map[string][]string{
		"no name":        {"", "\x00", "a\x00.db", "a\nb.db", "a\x7f.db", "file:a.db", ":memory:", strings.Repeat("x", 5000), strings.Repeat("x", 256)},
		"absolute":       {p.outside, "/", "/etc/passwd", p.dir + "/../outside.db", p.dir},
		"upwards":        {"..", "../outside.db", "folder/../../outside.db", "a/../../outside.db", "./..", "folder/.."},
		"link":           {"link.db", "relative.db", "dangling.db", "loop.db"},
		"folder as link": {"up/outside.db", "away/new.db", "up/db/../outside.db"},
		"hard link":      {"hard.db"},
		"no file":        {"folder", "folder/", "fifo.db", ".", "a.db/b.db"},
		"side file":      {"a.db-wal", "a.db-shm", "a.db-journal", "A.DB-WAL", "a.db-skylinedb", "folder/x-wal"},
		"daemon's own":   {"s", "s.lock", "s.start.lock", "./s.lock", "folder/../s.lock"},
		"other slashes":  {`folder\x.db`, `..\outside.db`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, db := range dbs {
				c.Refused(harness.Batch(db, `CREATE TABLE x(x)`), wire.CodeInvalidDatabaseName)
				for _, typ := range []wire.Type{wire.TypePing, wire.TypePrepareForMaintenance, wire.TypeCloseDatabase, wire.TypeReopenDatabase} {
					c.Refused(harness.With(`{"type":"`+string(typ)+`"}`, "db", db), wire.CodeInvalidDatabaseName)
				}
			}
		})
	}
	if got := readFile(t, p.outside); got != "somebody's file" {
		t.Errorf("the file outside holds %q now", got)
	}
	wantGone(t, filepath.Join(p.home, "elsewhere", "new.db"))
	d.Crash() // its lock file was not touched: a successor starts, and alone
	d.Restart()
	if status, says := harness.RunToEnd(t, harness.Config{Dir: p.dir, Socket: d.Socket}); status != 1 {
		t.Errorf("a second daemon ended with status %d: %s", status, says)
	}
}

// Two names of one file are one database, with one worker.
func TestNamesOfOneDatabase(t *testing.T) {
	t.Parallel()
	p := makePlace(t)
	if err := os.Symlink("folder", filepath.Join(p.dir, "alias")); err != nil {
		t.Fatal(err)
	}
	d := harness.Start(t, harness.Config{Dir: p.dir})
	c := d.Dial()
	c.OK(harness.Batch("folder/a.db", createT))
	if err := os.Symlink("folder/a.db", filepath.Join(p.dir, "b.db")); err != nil {
		t.Fatal(err)
	}
	for i, db := range []string{"folder/a.db", "./folder/a.db", "folder//a.db", "alias/a.db", "b.db", filepath.Join(p.dir, "folder", "a.db")} {
		c.OK(harness.Batch(db, insertT(1, i)))
	}
	if dbs := c.Status().Databases; len(dbs) != 1 || dbs[0].DB != "folder/a.db" || dbs[0].Batches != 7 {
		t.Errorf("got the databases %+v, want one with 7 batches", dbs)
	}
	wantCount(t, d, "folder/a.db", 6)
}

// Folders are not created.
func TestMissingFolder(t *testing.T) {
	t.Parallel()
	d := harness.Start(t, harness.Config{})
	c := d.Dial()
	reply := c.Refused(harness.Batch("none/a.db", createT), wire.CodeIOError)
	if !strings.Contains(reply.Message, "none") {
		t.Errorf("%q does not name the folder", reply.Message)
	}
	wantGone(t, d.File("none"))
	mkdir(t, d.Dir, "none")
	c.OK(harness.Batch("none/a.db", createT))
}

// Databases that cannot be do not take the place of those that can: more of
// them than the daemon serves at once are each told what is wrong.
func TestManyMissingFolders(t *testing.T) {
	t.Parallel()
	const names = 1100
	d := harness.Start(t, harness.Config{})
	c := d.Dial()
	for n := range names {
		c.Refused(harness.Batch(fmt.Sprintf("none/%d.db", n), createT), wire.CodeIOError)
	}
	c.OK(harness.Batch("a.db", createT))
	wantCount(t, d, "a.db", 0)
	if n := c.Status().Workers; n != 1 {
		t.Errorf("%d databases are served, want 1", n)
	}
}

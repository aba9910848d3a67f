//go:build unix

package replace

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/ncruces/go-sqlite3"
	"golang.org/x/sys/unix"
)

// snapshot is a closed file that was in the place: a copy of it, what it
// shows and the epoch that it had.
type snapshot struct {
	file  string
	view  view
	epoch string
}

// staged returns a new path outside of the daemon's directory and on the same
// disk.
func (r *round) staged() string {
	r.stagings++
	return filepath.Join(r.stage, fmt.Sprintf("%d.db", r.stagings))
}

// tag returns the tag of a new generation.
func (r *round) tag() string {
	r.tags++
	return fmt.Sprintf("g%d", r.tags)
}

// edit opens a staged file by another SQLite than the daemon's and runs
// statements. With keepLog what they write stays in the log.
func (r *round) edit(file string, keepLog bool, sql ...string) {
	r.t.Helper()
	db, err := openFile(file, "rwc")
	if err == nil {
		err = db.Exec(`PRAGMA synchronous = OFF`)
	}
	if err == nil && keepLog {
		_, err = db.Config(sqlite3.DBCONFIG_NO_CKPT_ON_CLOSE, true)
	}
	if err == nil {
		err = db.Exec(strings.Join(sql, ";"))
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		r.t.Fatalf("make a file: %v", err)
	}
}

// outsideBatches returns the statements of batches that another SQLite writes
// into generation g, which then has them.
func (r *round) outsideBatches(g *generation, n int) (sql []string) {
	for range n {
		r.outsiders++
		id := fmt.Sprintf("outside-%d", r.outsiders)
		g.base[id] = g.tag
		sql = append(sql, batch(id, 1+r.rng.IntN(3), r.rng.IntN(1200), r.rng.IntN(2) == 0)...)
	}
	return sql
}

// copyOf stages a copy of a snapshot, which is the generation that it was.
func (r *round) copyOf(s snapshot) (string, *generation) {
	r.t.Helper()
	file := r.staged()
	r.must(copyFile(s.file, file))
	return file, newGeneration(s.view.Tag, s.view.Batches, s.view.Rev)
}

// newer stages a copy of a snapshot to which another SQLite has written.
func (r *round) newer(s snapshot, more ...string) (string, *generation) {
	r.t.Helper()
	file, g := r.copyOf(s)
	g.tag = r.tag()
	sql := append([]string{retag(g.tag)}, r.outsideBatches(g, r.rng.IntN(4))...)
	if isLarge(file) {
		sql = append(sql, `VACUUM`)
	}
	r.edit(file, false, append(sql, more...)...)
	return file, g
}

// fresh stages a file that another SQLite has made in its own manner, without
// the daemon's tables.
func (r *round) fresh(manner ...string) (string, *generation) {
	r.t.Helper()
	file, g := r.staged(), newGeneration(r.tag(), map[string]string{}, 0)
	sql := append(manner, birth(g.tag)...)
	sql = append(sql, r.outsideBatches(g, r.rng.IntN(4))...)
	if n := r.rng.IntN(3); n > 0 {
		sql = append(sql, fmt.Sprintf(`CREATE TABLE filler(x); INSERT INTO filler VALUES(randomblob(%d))`, n*50_000))
	}
	r.edit(file, false, sql...)
	return file, g
}

// manner returns settings that SQLite keeps in a file.
func (r *round) manner() []string {
	return []string{
		fmt.Sprintf(`PRAGMA page_size = %d`, 512<<r.rng.IntN(8)),
		`PRAGMA encoding = '` + pick(r.rng, "UTF-8", "UTF-16le", "UTF-16be") + `'`,
		`PRAGMA auto_vacuum = ` + pick(r.rng, "NONE", "FULL", "INCREMENTAL"),
		`PRAGMA journal_mode = ` + pick(r.rng, "DELETE", "TRUNCATE", "WAL"),
	}
}

// withLog stages a file beside whose log there is one batch more, and returns
// the log, the generation without it and the one with it.
func (r *round) withLog(s snapshot, folded bool) (file, log string, without, with *generation) {
	r.t.Helper()
	file, without = r.newer(s, `PRAGMA journal_mode = WAL`)
	with = newGeneration(without.tag, without.base, without.rev)
	sql := r.outsideBatches(with, 1)
	if folded {
		sql = append(sql, `PRAGMA wal_checkpoint(PASSIVE)`)
	}
	r.edit(file, true, sql...)
	if folded {
		without = with
	}
	os.Remove(file + "-shm") // it may be there
	return file, file + "-wal", without, with
}

// hotJournal stages a rollback journal that SQLite would play back into any
// file.
func (r *round) hotJournal() string {
	r.t.Helper()
	file, _ := r.fresh()
	db, err := openFile(file, "rw")
	r.must(err)
	r.must(db.Exec(`PRAGMA synchronous = OFF; BEGIN; UPDATE wide SET pad = 'x'`))
	journal := r.staged() + "-journal"
	r.must(copyFile(file+"-journal", journal))
	r.must(db.Close())
	return journal
}

// viewOf looks at a file that lies elsewhere, and checks its integrity.
func viewOf(file string) (view, error) {
	db, err := openFile(file, "rw")
	if err != nil {
		return view{}, err
	}
	defer db.Close()
	if err := integrity(db); err != nil {
		return view{}, err
	}
	return look(db)
}

// copyFile copies what is in a file, and its holes as holes.
func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = copyData(dst, src)
	if err == nil {
		err = dst.Truncate(info.Size())
	}
	return errors.Join(err, dst.Close())
}

func copyData(dst, src *os.File) error {
	for at := int64(0); ; {
		data, err := src.Seek(at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) { // a hole up to the end
			return nil
		}
		if err != nil {
			return err
		}
		if at, err = src.Seek(data, unix.SEEK_HOLE); err != nil {
			return err
		}
		if _, err := io.Copy(io.NewOffsetWriter(dst, data), io.NewSectionReader(src, data, at-data)); err != nil {
			return err
		}
	}
}

// clone returns a copy of g that has not been in the place yet.
func (g *generation) clone() *generation { return newGeneration(g.tag, maps.Clone(g.base), g.rev) }

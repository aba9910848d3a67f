//go:build unix

package replace

import (
	"encoding/binary"
	"math/rand/v2"
	"os"

	"github.com/skylinedb/skylinedb/wire"
)

// badKinds are what the daemon must not serve, or not for long.
var badKinds = []kind{
	{"a file with its own log", 4, func(r *round) parcel {
		file, log, without, with := r.withLog(r.last(), false)
		p := parcel{file: file, side: map[string]string{"-wal": log}, gen: without, code: wire.CodeStaleWAL, moves: true}
		if r.rng.IntN(2) == 0 {
			p.fold = func() *generation { return with }
		}
		return p
	}},
	{"a file with another one's log", 4, func(r *round) parcel {
		_, log, _, _ := r.withLog(pick(r.rng, r.snapshots...), false)
		file, g := r.newer(r.last(), `PRAGMA journal_mode = WAL`)
		return parcel{file: file, side: map[string]string{"-wal": log}, gen: g, code: wire.CodeStaleWAL, moves: true}
	}},
	{"the same file with another one's log", 4, func(r *round) parcel {
		_, log, _, _ := r.withLog(pick(r.rng, r.snapshots...), false)
		return parcel{side: map[string]string{"-wal": log}, gen: r.last().generation(), code: wire.CodeStaleWAL, same: true}
	}},
	{"the same file with another one's log, at which a reader has looked", 2, func(r *round) parcel {
		_, log, _, _ := r.withLog(pick(r.rng, r.snapshots...), false)
		return parcel{side: map[string]string{"-wal": log}, gen: r.last().generation(), code: wire.CodeStaleWAL, same: true, peek: true}
	}},
	{"a file with a hot journal", 4, func(r *round) parcel {
		file, g := r.newer(r.last(), pick(r.rng, ``, `PRAGMA journal_mode = DELETE`))
		return parcel{file: file, side: map[string]string{"-journal": r.hotJournal()}, gen: g, code: wire.CodeStaleWAL, moves: true}
	}},
	{"noise", 3, func(r *round) parcel {
		return r.notADatabase(noise(r.rng, 1+r.rng.IntN(50_000)))
	}},
	{"a truncated file", 4, func(r *round) parcel {
		file, _ := r.newer(r.last())
		content := r.content(file)
		return r.notADatabase(content[:1+r.rng.IntN(len(content)-pageSize(content))])
	}},
	{"a file whose schema is garbage", 4, func(r *round) parcel {
		file, _ := r.newer(r.last(), `PRAGMA writable_schema = ON`, pick(r.rng,
			`UPDATE sqlite_schema SET sql = 'CREATE TABLE ((' WHERE name = 'wide'`,
			`UPDATE sqlite_schema SET rootpage = 1000000 WHERE name = 'part'`,
			`UPDATE sqlite_schema SET sql = NULL, rootpage = 2 WHERE name = 'batch'`))
		return parcel{file: file, code: wire.CodeNotADatabase}
	}},
	{"a file with a damaged page", 5, func(r *round) parcel {
		file, _ := r.newer(r.last())
		content := r.content(file)
		size := pageSize(content)
		page := 1 + r.rng.IntN(len(content)/size-1)
		copy(content[page*size:(page+1)*size], noise(r.rng, size))
		return r.damaged(content)
	}},
	{"a file that is nothing but a hole behind its first page", 2, func(r *round) parcel {
		file, _ := pick(r.rng, func() (string, *generation) { return r.newer(r.last()) }, func() (string, *generation) { return r.fresh() })()
		content := r.content(file)
		p := r.damaged(content[:pageSize(content)])
		r.must(os.Truncate(p.file, 1<<30))
		p.moves = true
		return p
	}},
	{"a file with strange tables of the daemon's names", 4, func(r *round) parcel {
		const state = `CREATE TABLE _skylinedb_state(id INTEGER PRIMARY KEY, rev INTEGER, epoch TEXT);`
		file, _ := r.fresh(pick(r.rng,
			`CREATE TABLE _skylinedb_state(x)`,
			state,
			`CREATE VIEW _skylinedb_state AS SELECT 1 AS id, 2 AS rev, 'e' AS epoch`,
			`CREATE TABLE _skylinedb_requests(x)`,
			state+`INSERT INTO _skylinedb_state VALUES(1, 1, 'e'); CREATE TABLE t(a);
			CREATE TRIGGER g AFTER UPDATE ON _skylinedb_state BEGIN DELETE FROM t; END`,
			state+`INSERT INTO _skylinedb_state VALUES(1, 1, 'e'); CREATE TABLE _skylinedb_requests(x)`))
		return parcel{file: file, code: wire.CodeNotADatabase}
	}},
	{"a folder", 2, func(r *round) parcel {
		return r.noName(func(path string) { r.must(os.Mkdir(path, 0o700)) })
	}},
	{"a pipe", 2, func(r *round) parcel {
		p := r.noName(func(path string) { r.must(mkfifo(path)) })
		p.hold = true // a reader would wait for its writer
		return p
	}},
	{"a link to a file outside", 3, func(r *round) parcel {
		target, _ := r.newer(r.last())
		before := digest(target)
		p := r.noName(func(path string) { r.must(os.Symlink(target, path)) })
		p.then = func(bool) {
			if digest(target) != before {
				r.t.Errorf("the file outside was %s and is %s", before, digest(target))
			}
		}
		return p
	}},
	{"a link to nothing", 3, func(r *round) parcel {
		target := pick(r.rng, r.staged(), r.path+".nothing")
		p := r.noName(func(path string) { r.must(os.Symlink(target, path)) })
		p.then = func(bool) {
			if exists(target) {
				r.t.Errorf("the target of the link was made: %s", target)
			}
		}
		return p
	}},
	{"a hard link to another database", 4, hardLink},
	{"a link to another database", 3, link},
}

// notADatabase stages a file that Reopen must refuse.
func (r *round) notADatabase(content []byte) parcel {
	file := r.staged()
	r.must(os.WriteFile(file, content, 0o600))
	return parcel{file: file, code: wire.CodeNotADatabase}
}

// damaged stages a file that Reopen may refuse or not notice.
func (r *round) damaged(content []byte) parcel {
	p := r.notADatabase(content)
	p.gen, p.either = newGeneration(r.tag(), nil, 0), true
	p.gen.loose = true
	return p
}

// noName is something whose name no database can have.
func (r *round) noName(do func(path string)) parcel {
	return parcel{code: wire.CodeInvalidDatabaseName, do: func(path string) {
		r.must(os.Remove(path))
		do(path)
	}}
}

func (r *round) content(file string) []byte {
	r.t.Helper()
	content, err := os.ReadFile(file)
	r.must(err)
	return content
}

func noise(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// pageSize returns the size of a database's pages.
// https://sqlite.org/fileformat2.html#page_size
func pageSize(content []byte) int {
	size := int(binary.BigEndian.Uint16(content[16:]))
	if size == 1 {
		size = 65536
	}
	return size
}

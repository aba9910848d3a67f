//go:build unix

package replace

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// kind is a kind of thing that is put in the place of a closed database.
type kind struct {
	name   string
	weight int
	make   func(r *round) parcel
}

// parcel is what is put there, and what Reopen must make of it: it serves gen
// where there is no code, and otherwise refuses with that.
type parcel struct {
	file   string             // that is put in the place, "" where do does all
	do     func(path string)  // called then
	side   map[string]string  // files that come beside it, by suffix
	gen    *generation        // that the daemon then serves
	code   wire.Code          // with which it refuses
	either bool               // or serves it
	same   bool               // nothing is put there: the epoch stays
	edits  bool               // the present file is changed, as SQLite does it
	busy   bool               // its file changes by itself
	moves  bool               // it can only come by renaming
	fold   func() *generation // brings the log into the file, which is then that
	peek   bool               // a reader looks at it before Reopen
	hold   bool               // no writer writes and no reader reads meanwhile
	linked *neighbour         // the database that it is if it is served
	then   func(served bool)  // called when Reopen has been judged
}

var kinds = slices.Concat(goodKinds, badKinds)

func pickKind(rng *rand.Rand) *kind {
	sum := 0
	for i := range kinds {
		sum += kinds[i].weight
	}
	n := rng.IntN(sum)
	for i := range kinds {
		if n -= kinds[i].weight; n < 0 {
			return &kinds[i]
		}
	}
	panic("the weights changed")
}

// goodKinds are files that the daemon must serve.
var goodKinds = []kind{
	{"the same file", 6, func(r *round) parcel {
		g := r.last().generation()
		return parcel{gen: g, same: true}
	}},
	{"the same file, touched", 2, func(r *round) parcel {
		return parcel{gen: r.last().generation(), edits: true, do: func(path string) {
			past := time.Now().Add(-time.Duration(1+r.rng.IntN(1e6)) * time.Second)
			r.must(os.Chtimes(path, past, past))
		}}
	}},
	{"a copy of the same file", 3, func(r *round) parcel {
		file, g := r.copyOf(r.last())
		return parcel{file: file, gen: g}
	}},
	{"a newer file", 10, func(r *round) parcel {
		file, g := r.newer(r.last(), pick(r.rng, ``, `PRAGMA journal_mode = DELETE`))
		return parcel{file: file, gen: g}
	}},
	{"an older file", 8, func(r *round) parcel {
		file, g := r.copyOf(pick(r.rng, r.snapshots...))
		return parcel{file: file, gen: g}
	}},
	{"a file made in another manner", 10, func(r *round) parcel {
		file, g := r.fresh(r.manner()...)
		return parcel{file: file, gen: g}
	}},
	{"a file whose rev was made elsewhere", 3, func(r *round) parcel {
		file, g := r.fresh(`CREATE TABLE _skylinedb_state(id INTEGER PRIMARY KEY, rev INTEGER, epoch TEXT)`,
			`INSERT INTO _skylinedb_state VALUES(1, 41, 'made elsewhere')`)
		g.rev = 41
		return parcel{file: file, gen: g}
	}},
	{"a file with a large hole behind it", 3, func(r *round) parcel {
		file, g := r.newer(r.last())
		r.must(os.Truncate(file, 1<<30))
		return parcel{file: file, gen: g, moves: true}
	}},
	{"the same file, written to by another program", 4, func(r *round) parcel {
		g := r.last().generation()
		g.tag = r.tag()
		sql := append([]string{retag(g.tag)}, r.outsideBatches(g, 2)...)
		// Beside a reader what it wrote stays in the log.
		return parcel{
			gen: g, edits: true, code: wire.CodeStaleWAL, either: true, fold: func() *generation { return g.clone() },
			do: func(path string) { r.edit(path, false, sql...) },
		}
	}},
	{"the same file, and the log of a program that was killed", 4, killedWriter},
	{"a file whose log is in it already", 3, func(r *round) parcel {
		file, log, g, _ := r.withLog(r.last(), true)
		return parcel{file: file, side: map[string]string{"-wal": log}, gen: g, moves: true}
	}},
	{"no file", 3, func(r *round) parcel {
		return parcel{gen: r.bareGeneration(), do: func(path string) { r.must(os.Remove(path)) }}
	}},
	{"an empty file", 3, func(r *round) parcel {
		file := r.staged()
		r.must(os.WriteFile(file, nil, 0o600))
		return parcel{file: file, gen: r.bareGeneration()}
	}},
}

// killedWriter writes to the closed file and is killed: what it committed is in
// the log, which belongs to the file. Where the daemon cannot tell that, it
// leaves the log to be folded.
func killedWriter(r *round) parcel {
	g := r.last().generation()
	g.tag = r.tag()
	sql := append([]string{retag(g.tag)}, r.outsideBatches(g, 2)...)
	fold := func() *generation { return g.clone() }
	return parcel{gen: g, edits: true, code: wire.CodeStaleWAL, either: true, fold: fold, do: func(path string) {
		o := startOutside(r.t)
		r.must(o.open(path, "rw"))
		for _, s := range sql {
			r.must(o.exec(s))
		}
		o.kill()
		if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
			r.t.Errorf("the program that was killed has left no log: %v", err)
		}
	}}
}

// bareGeneration returns a database without a table, which gets its tag by the
// first batch.
func (r *round) bareGeneration() *generation {
	g := newGeneration(r.tag(), nil, 0)
	g.born, g.bare = true, true
	return g
}

// last returns the file as it was closed.
func (r *round) last() snapshot { return r.snapshots[len(r.snapshots)-1] }

// generation returns the generation that the file of the snapshot is.
func (s snapshot) generation() *generation {
	return newGeneration(s.view.Tag, s.view.Batches, s.view.Rev)
}

func (p parcel) String() string {
	return fmt.Sprintf("code %q, served %v, same %v, beside it %v", p.code, p.gen != nil, p.same, p.side)
}

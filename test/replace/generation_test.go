//go:build unix

package replace

import (
	"maps"

	"github.com/skylinedb/skylinedb/test/tally"
)

// generation is what a file that lies in the place has in it, and what became
// of it there. It is guarded by the ledger's mutex once it is there.
type generation struct {
	tag   string
	base  map[string]string // the batches that it brought, and their generations
	rev   int64             // that it brought
	born  bool              // it began without tables of ours
	bare  bool              // and has none yet
	loose bool              // it is damaged, or none: nothing is promised of it
	hot   bool              // the daemon was killed, perhaps while it switched the file to WAL

	epoch string           // that clients are told; "" while nobody knows
	sent  map[string]fate  // batches that were sent since
	revs  map[int64]string // the batches that were acknowledged since, by rev
}

// fate is what is known of a batch that was sent.
type fate int

const (
	inFlight fate = iota
	unknown       // the connection was lost
	acked
)

func newGeneration(tag string, base map[string]string, rev int64) *generation {
	return &generation{tag: tag, base: maps.Clone(base), rev: rev, sent: map[string]fate{}, revs: map[int64]string{}}
}

// acknowledged returns the batches that must be there.
func (g *generation) acknowledged() (ids []string) {
	for id, f := range g.sent {
		if f == acked {
			ids = append(ids, id)
		}
	}
	return ids
}

// judge returns what is wrong with a view of g: beside what cannot be in any
// file the batches that it lacks, where it must have those of must and what g
// brought, and those that cannot be of g.
func (g *generation) judge(v view, must []string) []flaw {
	v.Flaws = v.Flaws[:len(v.Flaws):len(v.Flaws)]
	if v.Bare {
		if !g.born || len(must) > 0 {
			v.flawed(tally.Lost, "all tables of generation %s are gone", g.tag)
		}
		return v.Flaws
	}
	if v.Tag != g.tag {
		v.flawed(tally.Torn, "a view of generation %q, and generation %q is there", v.Tag, g.tag)
		return v.Flaws
	}
	for id, gen := range v.Batches {
		from, brought := g.base[id]
		if _, sent := g.sent[id]; !brought && sent {
			from = g.tag
		}
		if gen != from {
			v.flawed(tally.Torn, "batch %s was written in generation %q, and in generation %q it is of %q", id, gen, g.tag, from)
		}
	}
	for id := range g.base {
		if _, ok := v.Batches[id]; !ok {
			v.flawed(tally.Lost, "batch %s, which generation %s brought", id, g.tag)
		}
	}
	for _, id := range must {
		if _, ok := v.Batches[id]; !ok {
			v.flawed(tally.Lost, "batch %s, acknowledged in generation %s", id, g.tag)
		}
	}
	return v.Flaws
}

// wantRev returns the rev that a file with the view's batches has.
func (g *generation) wantRev(v view) int64 {
	rev := g.rev
	for id := range v.Batches {
		if _, brought := g.base[id]; !brought {
			rev++
		}
	}
	return rev
}

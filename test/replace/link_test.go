//go:build unix

package replace

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
	"github.com/skylinedb/skylinedb/wire"
)

func mkfifo(path string) error { return syscall.Mkfifo(path, 0o600) }

// neighbour is another database in the same folder, whose name or file is lent
// to the one that is closed.
type neighbour struct {
	r  *round
	db string
	g  *generation
	n  int
}

func (n *neighbour) path() string { return n.r.site.d.File(n.db) }

// write writes a batch, which must succeed or be refused with code, and reports
// whether it has succeeded.
func (n *neighbour) write(name string, code wire.Code) bool {
	n.r.t.Helper()
	n.n++
	id := fmt.Sprintf("neighbour-%d", n.n)
	sql := batch(id, 2, 500, true)
	if !exists(n.path()) {
		sql = append(birth(n.g.tag), sql...)
	}
	reply := n.r.ask(harness.Batch(name, sql...))
	if reply.Err() == nil {
		n.g.sent[id] = acked
		return true
	}
	if reply.Code != code {
		n.r.violation(tally.Other, "a batch for %s: %v", name, reply.Err())
	}
	return false
}

// check closes the database and checks what is in its file, which it removes.
func (n *neighbour) check() {
	n.r.t.Helper()
	if !exists(n.path()) {
		return
	}
	if err := n.r.ask(harness.Command(wire.TypeCloseDatabase, n.db)).Err(); err != nil {
		n.r.violation(tally.Other, "Close of %s: %v", n.db, err)
	}
	v, err := viewOf(n.path())
	if err != nil {
		n.r.violation(tally.Corrupt, "%s: %v", n.db, err)
		return
	}
	n.r.ledger.judge(n.g, v, n.g.acknowledged(), n.db)
	n.r.must(os.Remove(n.path()))
	n.r.must(os.Remove(n.path() + "-skylinedb"))
}

// hardLink makes the database's name a second one of its neighbour, which is
// in use.
func hardLink(r *round) parcel {
	n := r.neighbour
	n.write(n.db, "")
	p := r.noName(func(path string) {
		r.must(os.Link(n.path(), path))
		n.write(n.db, wire.CodeInvalidDatabaseName)
	})
	p.busy = true
	p.then = func(bool) {
		n.write(n.db, "")
		n.write(n.db, "")
	}
	return p
}

// link makes the database's name a link to another database in the folder: it
// is one of two names of that then, or refused.
func link(r *round) parcel {
	file, g := r.newer(r.last())
	n := &neighbour{r: r, db: fmt.Sprintf("c%d%s", r.stagings, r.db), g: g}
	loose := newGeneration(r.tag(), nil, 0)
	loose.loose = true
	return parcel{
		gen: loose, code: wire.CodeInvalidDatabaseName, either: true, hold: true, linked: n,
		do: func(path string) {
			r.must(os.Remove(path))
			r.must(os.Rename(file, n.path()))
			r.must(os.Symlink(filepath.Base(n.db), path))
		},
		then: func(bool) { n.check() },
	}
}

package worker

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/skylinedb/skylinedb/test/tally"
	"github.com/skylinedb/skylinedb/wire"
)

// image is what a power failure left, as SQLite sees it.
type image struct {
	rev     int64
	parts   map[int]int // rows in p by batch
	records map[int]bool
}

func (img *image) has(b *powerBatch) bool { return img.parts[b.n] > 0 }

// readImage reads a copy of the files, so that looking changes nothing.
func (p *power) readImage() *image {
	p.t.Helper()
	img := &image{parts: map[int]int{}, records: map[int]bool{}}
	file := filepath.Join(p.t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal", "-journal"} {
		content, err := os.ReadFile(p.file + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(file+suffix, content, 0o600)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	// Attached to a connection that stays, since a new one takes longer than
	// all that it is asked.
	o := p.looker
	o.exec(`ATTACH '` + file + `' AS i`)
	defer o.exec(`DETACH i`)
	if got := o.query(`PRAGMA i.integrity_check`); got != "ok" {
		tally.Violation(p.t, tally.Corrupt, "%s", got)
		return img
	}
	tables := o.query(`SELECT name FROM i.sqlite_schema WHERE type = 'table'`)
	if strings.Contains(tables, "_skylinedb_state") {
		img.rev, _ = strconv.ParseInt(o.query(`SELECT rev FROM i._skylinedb_state`), 10, 64)
		for _, id := range strings.Fields(o.query(`SELECT id FROM i._skylinedb_requests`)) {
			n, _ := strconv.Atoi(id)
			img.records[n] = true
		}
	}
	if !strings.Contains(tables, "account") {
		return img
	}
	for _, row := range strings.Fields(o.query(`SELECT b, count(*) FROM i.p GROUP BY b`)) {
		n, count, _ := strings.Cut(row, "|")
		b, _ := strconv.Atoi(n)
		img.parts[b], _ = strconv.Atoi(count)
	}
	if got := o.query(`SELECT sum(v) FROM i.account`); got != "800" {
		tally.Violation(p.t, tally.Torn, "the accounts have %s in all, want 800", got)
	}
	return img
}

// judge compares what is left with what was acknowledged, and notes what is
// there for good.
func (p *power) judge() {
	p.t.Helper()
	img := p.readImage()
	if len(img.parts) != int(img.rev) {
		tally.Violation(p.t, tally.Other, "%d batches are there, rev is %d", len(img.parts), img.rev)
	}
	for _, b := range p.batches {
		p.judgeBatch(img, b)
	}
	p.judgeRecords(img)
	for _, b := range p.batches {
		there := img.has(b)
		b.acked, b.durable, b.doubt = there, there, false
		if !there {
			b.rev, b.parts = 0, powerParts
		}
	}
}

func (p *power) judgeBatch(img *image, b *powerBatch) {
	p.t.Helper()
	parts := img.parts[b.n]
	switch {
	case parts > b.parts:
		tally.Violation(p.t, tally.Doubled, "batch %d has %d rows, want %d", b.n, parts, b.parts)
	case parts > 0 && parts < b.parts:
		tally.Violation(p.t, tally.Torn, "batch %d has %d rows, want %d", b.n, parts, b.parts)
	case parts > 0 && !b.acked && !b.doubt:
		tally.Violation(p.t, tally.Torn, "batch %d is there, which failed", b.n)
	case parts == 0 && b.durable:
		tally.Violation(p.t, tally.Lost, "batch %d of rev %d was durable and is gone", b.n, b.rev)
	case b.acked && b.rev != 0 && (parts > 0) != (b.rev <= img.rev):
		tally.Violation(p.t, tally.Lost, "batch %d had rev %d: there %v, the file's rev is %d", b.n, b.rev, parts > 0, img.rev)
	}
}

// judgeRecords checks that the records are those of the batches that are
// there, but for the forgotten.
func (p *power) judgeRecords(img *image) {
	p.t.Helper()
	want := map[int]bool{}
	for _, b := range p.batches {
		if img.has(b) && b.req.RequestID != "" {
			want[b.n] = true
		}
	}
	for _, b := range p.batches {
		if img.has(b) {
			for _, n := range b.forgets {
				delete(want, n)
			}
		}
	}
	for _, b := range p.batches {
		if want[b.n] != img.records[b.n] {
			tally.Violation(p.t, tally.Other, "batch %d: there %v, its record %v, want %v", b.n, img.has(b), img.records[b.n], want[b.n])
		}
	}
}

// forgotten reports whether some batch that is there has forgotten b.
func (p *power) forgotten(b *powerBatch) bool {
	for _, other := range p.batches {
		for _, n := range other.forgets {
			if n == b.n && other.acked {
				return true
			}
		}
	}
	return false
}

// settle checks the state of the database after the power failure, opens it
// again, and sends what is missing, and some of what is not.
func (p *power) settle() {
	p.t.Helper()
	state, _, _ := strings.Cut(p.state(), " ")
	if !slices.Contains(p.states, state) {
		tally.Violation(p.t, tally.Other, "the database is %s, want one of %s", state, p.states)
	}
	p.ok(&wire.Request{Type: wire.TypeReopenDatabase})
	p.states = []string{"open"}
	for _, b := range p.batches {
		again := b.acked && b.req.RequestID != "" && !p.forgotten(b) && p.r.IntN(5) == 0
		if b.fails || b.parts < powerParts || b.acked && !again {
			continue
		}
		reply := p.sendAgain(b, again)
		if err := reply.Err(); err != nil {
			tally.Violation(p.t, tally.Other, "batch %d after the power failure: %v", b.n, err)
			continue
		}
		if reply.Replayed != again {
			tally.Violation(p.t, tally.Doubled, "batch %d: replayed %v, want %v", b.n, reply.Replayed, again)
		}
		p.acknowledge(b, reply)
	}
}

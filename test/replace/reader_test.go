//go:build unix

package replace

import (
	"errors"
	"slices"

	"github.com/skylinedb/skylinedb/test/tally"
)

// read opens the file, reads all of it and closes it, again and again, until
// the round ends.
func (r *round) read(o *outside) {
	for {
		tick, ok := r.readers.enter()
		if !ok {
			return
		}
		r.readOnce(o)
		r.readers.await(tick)
	}
}

// readersRest returns when no reader has the file open. The gate must be held.
func (r *round) readersRest() {
	r.reading.Lock()
	defer r.reading.Unlock()
}

func (r *round) readOnce(o *outside) {
	r.reading.RLock()
	defer r.reading.RUnlock()
	before := r.ledger.promised()
	err := o.open(r.path, "ro")
	var v view
	if err == nil {
		v, err = o.look()
	}
	if closeErr := o.close(); err == nil {
		err = closeErr
	}
	r.ledger.judgeRead(before, v, err)
}

// promise is what a read that begins now must show.
type promise struct {
	settled, wild bool
	wilds         int
	from          int // the first generation that it may show
	must          []string
}

func (l *ledger) promised() promise {
	l.mu.Lock()
	defer l.mu.Unlock()
	return promise{l.settled, l.wild, l.wilds, len(l.all) - 1, l.now().acknowledged()}
}

// judgeRead judges a read that began with a promise and has just ended.
func (l *ledger) judgeRead(before promise, v view, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case before.wild || before.wilds != l.wilds || l.now().loose:
		// It was spoilt, or could have been.
	case errors.Is(err, errHot) && l.now().hot:
		// Not promised: see docs/reliability.md.
	case before.settled && l.settled && before.from == len(l.all)-1:
		if err != nil {
			tally.Violation(l.t, tally.Other, "a reader of generation %s: %v", l.now().tag, err)
			return
		}
		l.report(l.now().judge(v, before.must), "a reader")
	case err == nil:
		l.judgeEither(before, v)
	}
}

// judgeEither judges a read while the file was replaced: it may show the
// generations from the one that was there when it began, to the one that came.
func (l *ledger) judgeEither(before promise, v view) {
	could := slices.Clone(l.all[before.from:])
	if l.next != nil {
		could = append(could, l.next)
	}
	var flaws []flaw
	for _, g := range could {
		if flaws = g.judge(v, nil); len(flaws) == 0 {
			return
		}
	}
	l.report(flaws, "a reader while the file was replaced")
}

// judge judges a view of generation g, which must show the batches of must.
func (l *ledger) judge(g *generation, v view, must []string, where string) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !g.loose {
		l.report(g.judge(v, must), where)
	}
}

package history

import (
	"maps"

	"github.com/skylinedb/skylinedb/wire"
)

// branch is one thing that can come of a request: what is told, and the state
// that it leaves.
type branch struct {
	told verdict
	next *state
}

// batch returns all that can come of a batch in s.
func (s *state) batch(in *input) (all []branch) {
	if in.TimeoutMS > 0 { // its time can pass before anything is looked at, and in the midst of it
		all = append(all, branch{failure(wire.CodeTimeout).anywhere(), s})
	}
	switch s.phase {
	case preparing:
		return append(all, branch{failure(wire.CodeDatabasePreparing), s})
	case closed:
		return append(all, branch{failure(wire.CodeDatabaseClosed), s})
	}
	if r, ok := s.records[in.ID]; ok && in.ID != "" {
		if r.identity != in.identity {
			return append(all, branch{failure(wire.CodeRequestIDReused), s})
		}
		told := r.told
		told.replayed = true
		// Whether a repeat forgets anything is not said.
		return append(all, branch{told, s}, branch{told, s.forgotten(in.Forget)})
	}
	if in.ExpRev != nil && *in.ExpRev != s.rev {
		return append(all, branch{failure(wire.CodeRevMismatch).withRev(s.rev), s})
	}
	w := work{in: in, before: s, table: s.table, rows: maps.Clone(s.rows)}
	return append(all, w.run()...)
}

// conflict is the failure to insert a key that is there.
func conflict() verdict { return sqlError("SQLITE_CONSTRAINT_PRIMARYKEY") }

// work is a batch at work.
type work struct {
	in     *input
	before *state

	table    bool
	rows     map[int]int
	affected int64
	last     int64 // rowid of the last INSERT
	wrote    bool
}

// run runs the statements and returns all that can come of them.
func (w *work) run() (all []branch) {
	for i, st := range w.in.Stmts {
		if w.in.TimeoutMS > 0 && w.in.Each {
			all = append(all, w.stopped(i, failure(wire.CodeTimeout))...)
		}
		told, fails := w.statement(st)
		switch {
		case fails && told.code == wire.CodeTimeout: // and that is above
			return all
		case fails && w.in.Each:
			return append(all, w.stopped(i, told)...)
		case fails:
			return append(all, branch{told.at(i), w.before})
		}
	}
	told := verdict{affected: w.affected, last: w.last, settled: true}.withRev(w.rev())
	return append(all, branch{told, w.after(told)})
}

// stopped returns what comes of a batch with tx none whose statement i fails
// as told says. What stands before it is committed, and recorded.
func (w *work) stopped(i int, told verdict) []branch {
	told = told.at(i).withRev(w.rev())
	told.affected, told.settled = w.affected, true
	told.retryable = told.retryable && !w.wrote
	next := w.after(told)
	if w.wrote {
		return []branch{{told, next}}
	}
	// Whether a batch of which nothing stands forgets anything is not said.
	return []branch{{told, next}, {told, w.before}}
}

// rev returns the rev after the statements so far.
func (w *work) rev() int64 {
	if w.wrote {
		return w.before.rev + 1
	}
	return w.before.rev
}

// after returns the state after a batch that is committed.
func (w *work) after(told verdict) *state {
	if !w.wrote {
		return w.before.forgotten(w.in.Forget)
	}
	return w.before.but(func(s *state) {
		s.rev, s.table, s.rows = told.rev, w.table, maps.Clone(w.rows) // w may go on
		s.forget(w.in.Forget)
		if w.in.ID != "" {
			s.remember(w.in.ID, newRecord(w.in, told))
		}
	})
}

// statement runs one statement and reports whether and how it fails.
func (w *work) statement(st stmt) (told verdict, fails bool) {
	switch st.Do {
	case lookAway:
		return told, false
	case commit:
		return failure(wire.CodeForbiddenStatement), true
	case endless:
		return failure(wire.CodeTimeout), true
	case create:
		w.table, w.wrote = true, true
		return told, false
	}
	if !w.table {
		return sqlError("SQLITE_ERROR"), true
	}
	switch st.Do {
	case negative:
		return sqlError("SQLITE_CONSTRAINT_CHECK"), true
	case endlessWrite:
		return failure(wire.CodeTimeout), true
	case insert, insertOrEnd:
		if _, there := w.rows[st.K]; there {
			return conflict(), true
		}
	}
	w.change(st)
	return told, false
}

// change does what a statement that cannot fail does.
func (w *work) change(st stmt) {
	if st.Do == look {
		return
	}
	w.wrote = true
	if w.rows == nil {
		w.rows = map[int]int{}
	}
	_, there := w.rows[st.K]
	switch st.Do {
	case insert, insertOrEnd, add:
		w.rows[st.K] += st.V
		w.affected++
		if !there {
			w.last = int64(st.K)
		}
	case remove:
		delete(w.rows, st.K)
		if there {
			w.affected++
		}
	case raise:
		for k := range w.rows {
			w.rows[k]++
		}
		w.affected += int64(len(w.rows))
	}
}

package history

import (
	"maps"
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/skylinedb/skylinedb/wire"
)

// fault is a promise that a model does not insist on, to find out which one
// was broken.
type fault string

// The faults.
const (
	noFault  fault = ""
	losing   fault = "losing"   // an acknowledged batch may be gone
	doubling fault = "doubling" // a batch may be executed twice
)

// newModel returns the model of the database with the fault.
func newModel(f fault, c claims) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Partition:         byDatabase,
		Init:              func() []any { return []any{begin()} },
		Step:              func(s, in, out any) []any { return step(f, c, s.(*state), in.(*input), out.(*output)) },
		Equal:             func(a, b any) bool { return a.(*state).key == b.(*state).key },
		Hash:              func(s any) uint64 { return s.(*state).hash },
		DescribeOperation: func(in, out any) string { return in.(*input).String() + " -> " + out.(*output).String() },
		DescribeState:     func(s any) string { return s.(*state).String() },
	}
	return m.ToModel()
}

// byDatabase splits a history: what happens in one database is nothing to the
// others.
func byDatabase(all []porcupine.Operation) [][]porcupine.Operation {
	parts := map[int][]porcupine.Operation{}
	for _, o := range all {
		db := o.Input.(*input).DB
		parts[db] = append(parts[db], o)
	}
	return slices.Collect(maps.Values(parts))
}

// step returns the states in which s can be after the operation gave that
// output, none where it cannot have.
//
// An operation without an answer has its place where it changes something, or
// else after the end: that it may stand anywhere would only be more to search.
func step(f fault, c claims, s *state, in *input, out *output) (next []any) {
	switch {
	case in.Kind == over:
		return []any{s.but(func(s *state) { s.over = true })}
	case s.over:
		return []any{s}
	case in.Kind == kill:
		return []any{s.killed()}
	case in.Kind == read:
		if after := s.seen(out.View); after != nil {
			next = append(next, after)
		}
		return next
	case !s.inTurn(in):
		return nil
	}
	for _, b := range s.branches(f, in) {
		after := b.next
		if !out.Lost {
			after = b.answered(in, out.Reply)
		} else if after == s || after.rev != s.rev && !c.allow(in, after.rev) {
			continue
		}
		if after != nil {
			next = append(next, after.hadTurn(s, in))
		}
	}
	return next
}

// branches returns all that can come of a request.
func (s *state) branches(f fault, in *input) []branch {
	if in.Kind != batch {
		return s.command(in)
	}
	all := s.batch(in)
	anew := *in
	anew.ID, anew.ExpRev = "", nil
	for _, b := range all {
		switch {
		case b.next.rev == s.rev:
		case f == losing:
			all = append(all, branch{b.told, s})
		case f == doubling: // once more, without anyone's asking
			for _, second := range b.next.batch(&anew) {
				if second.next.rev != b.next.rev {
					all = append(all, branch{b.told, second.next}, branch{second.told, second.next})
				}
			}
		}
	}
	if _, ok := s.records[in.ID]; ok && f == doubling { // once more for a repeat
		all = append(all, s.batch(&anew)...)
	}
	return all
}

// command returns all that can come of a request that is no batch.
func (s *state) command(in *input) []branch {
	ok := branch{verdict{}, s}
	switch in.Kind {
	case ping:
		return s.ping(in)
	case prepare:
		return s.prepare(in)
	case closing:
		return s.close(in)
	case reopen:
		ok.told = verdict{already: s.phase == open}.withRev(s.rev)
		ok.next = s.in(open)
		return []branch{ok}
	}
	panic("unknown operation " + in.Kind)
}

func (s *state) ping(in *input) (all []branch) {
	from := s.rev
	if pingLags {
		from = min(in.known, from)
	}
	for rev := from; rev <= s.rev; rev++ {
		all = append(all, branch{verdict{phase: s.phase}.withRev(rev), s})
	}
	return all
}

func (s *state) prepare(in *input) []branch {
	switch s.phase {
	case closed:
		return []branch{{failure(wire.CodeDatabaseClosed), s}}
	case preparing:
		return []branch{{verdict{already: true}, s}}
	}
	return append(s.busy(in), branch{verdict{}, s.in(preparing)})
}

func (s *state) close(in *input) (all []branch) {
	if s.phase == open {
		all = s.busy(in)
	}
	if in.Exclusive && in.maybeRead {
		all = append(all, branch{failure(wire.CodeReadersRemain), s})
	}
	done := branch{verdict{already: s.phase == closed}, s.in(closed)}
	if in.maybeRead && !in.Exclusive {
		done.told.readers = true
		all = append(all, done)
	}
	if !in.surelyRead {
		done.told.readers = false
		all = append(all, done)
	}
	return all
}

// busy is what can come of emptying the log while there are readers.
func (s *state) busy(in *input) []branch {
	if !in.maybeRead {
		return nil
	}
	return []branch{{failure(wire.CodeCheckpointBusy), s}}
}

func (s *state) in(p phase) *state {
	if s.phase == p {
		return s
	}
	return s.but(func(s *state) { s.phase = p })
}

// seen returns the state after a reader of the file saw v, nil where it
// cannot have.
func (s *state) seen(v *view) *state {
	if v.NeedsRollback && newFileNeedsRollback && s.rev == 0 {
		return s
	}
	if v.Err != "" || v.Rev != s.rev || v.Table != s.table || !maps.Equal(v.Rows, s.rows) {
		return nil
	}
	if s.rev == 0 {
		return s
	}
	return s.withEpoch(v.Epoch)
}

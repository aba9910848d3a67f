package history

import (
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
)

// phase is a database's maintenance state.
type phase string

// The phases.
const (
	open      phase = "open"
	preparing phase = "preparing"
	closed    phase = "closed"
)

// state is the model of one database. A state that was made never changes.
type state struct {
	phase   phase
	rev     int64
	epoch   string // as it was told, "" while it was not
	table   bool   // there is the table t
	rows    map[int]int
	records map[string]record // by request_id
	life    int               // of the daemon that has changed something last
	turns   map[int]int       // by connection, the last of its requests that had its turn
	over    bool              // the history has ended
	pings   map[int]int       // likewise of those Pings that need not have it then

	key  string // the same for equal states
	hash uint64
}

// record is what the database remembers of a batch with a request_id.
type record struct {
	identity string
	told     verdict
	key      string // the same for equal records
}

func newRecord(in *input, told verdict) record {
	return record{in.identity, told, fmt.Sprint(in.identity, told)}
}

var seed = maphash.MakeSeed()

// begin is the state of a database that nobody has used.
func begin() *state { return (&state{phase: open}).done() }

// but returns a copy with a change.
func (s *state) but(change func(s *state)) *state {
	next := *s
	change(&next)
	return next.done()
}

// done makes the key of a state that is complete.
func (s *state) done() *state {
	b := append([]byte(nil), s.phase...)
	b = strconv.AppendInt(append(b, ' '), s.rev, 10)
	b = append(append(b, ' '), s.epoch...)
	b = strconv.AppendBool(append(b, ' '), s.table)
	b = strconv.AppendBool(append(b, ' '), s.over)
	b = strconv.AppendInt(append(b, ' '), int64(s.life), 10)
	b = appendNumbers(b, s.rows)
	for _, id := range slices.Sorted(maps.Keys(s.records)) {
		b = append(append(b, id...), s.records[id].key...)
	}
	b = appendNumbers(b, s.turns)
	b = appendNumbers(b, s.pings)
	s.key = string(b)
	s.hash = maphash.String(seed, s.key)
	return s
}

func appendNumbers(b []byte, m map[int]int) []byte {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		b = strconv.AppendInt(append(b, ' '), int64(k), 10)
		b = strconv.AppendInt(append(b, '='), int64(m[k]), 10)
	}
	return append(b, ';')
}

// withEpoch returns the state after epoch was told, nil where that cannot be.
// The file of a history is never replaced, so once an epoch is in it, with the
// first rev, no other comes. Before that it may be told or not.
func (s *state) withEpoch(epoch string) *state {
	switch {
	case epoch == s.epoch && (epoch != "" || s.rev == 0):
		return s
	case epoch != "" && s.epoch == "":
		return s.but(func(s *state) { s.epoch = epoch })
	}
	return nil
}

// killed returns the state after the daemon's end by kill -9: an epoch that is
// not in the file is forgotten.
func (s *state) killed() *state {
	if s.rev > 0 || s.epoch == "" {
		return s
	}
	return s.but(func(s *state) { s.epoch = "" })
}

// forgotten returns the state without the records of ids.
func (s *state) forgotten(ids []string) *state {
	if !slices.ContainsFunc(ids, func(id string) bool { _, ok := s.records[id]; return ok }) {
		return s
	}
	return s.but(func(s *state) { s.forget(ids) })
}

// forget is for a state that is being made.
func (s *state) forget(ids []string) {
	s.records = maps.Clone(s.records)
	for _, id := range ids {
		delete(s.records, id)
	}
}

// remember is for a state that is being made.
func (s *state) remember(id string, r record) {
	all := map[string]record{id: r}
	maps.Copy(all, s.records)
	all[id] = r
	s.records = all
}

// inTurn reports whether a request may have its turn now: those of one
// connection have theirs in the order in which they were sent.
//
// What a daemon had not done when it died is never done. It may seem so a
// little longer: whoever opens the database next finds in the log what had just
// been written, and no change comes before that.
func (s *state) inTurn(in *input) bool {
	if in.Kind == ping && pingSeesAhead {
		return true
	}
	return in.Life >= s.life && in.Turn > max(s.turns[in.Conn], s.pings[in.Conn])
}

// hadTurn returns the state s, in which the request has left the one before,
// with a note that it had its turn.
func (s *state) hadTurn(before *state, in *input) *state {
	return s.but(func(s *state) {
		if in.Kind == ping && pingSeesAhead {
			s.pings = withTurn(s.pings, in)
		} else {
			s.turns = withTurn(s.turns, in)
		}
		if s.rev != before.rev || s.phase != before.phase {
			s.life = in.Life
		}
	})
}

// withTurn returns a copy of turns in which the one of in is the last of its
// connection.
func withTurn(turns map[int]int, in *input) map[int]int {
	turns = maps.Clone(turns)
	if turns == nil {
		turns = map[int]int{}
	}
	turns[in.Conn] = in.Turn
	return turns
}

func (s *state) String() string {
	return fmt.Sprintf("%s rev %d epoch %.6s table %v rows %v records %v", s.phase, s.rev, s.epoch, s.table, s.rows, slices.Sorted(maps.Keys(s.records)))
}

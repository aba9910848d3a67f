package history

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// Bounds of making a program small. A race does not show each time.
const (
	shrinkTries = 6 // of one smaller program
	shrinkRuns  = 200
	shrinkTime  = 2 * time.Minute
)

// finding is a program with a wrong history of it.
type finding struct {
	program *program
	events  []*event
}

// shrinker makes a program small that has wrong histories.
type shrinker struct {
	// wrong runs a program once and returns the history of a database that is
	// wrong, nil where none is.
	wrong func(*program) []*event
	runs  int // that are left
	end   time.Time
	best  finding
}

// shrink returns the smallest program found that fails still, with its history.
func shrink(first finding, wrong func(*program) []*event) finding {
	s := &shrinker{wrong: wrong, runs: shrinkRuns, end: time.Now().Add(shrinkTime), best: first}
	for size := math.MaxInt; s.more() && s.best.program.size() < size; {
		size = s.best.program.size()
		s.round()
	}
	return s.best
}

func (s *shrinker) more() bool { return s.runs > 0 && time.Now().Before(s.end) }

// size is what a smaller program has less of.
func (p *program) size() int { return 10*p.ops() + 100*len(p.Kills) + len(p.Clients) }

// round tries everything once that makes the program smaller.
func (s *shrinker) round() {
	for i := len(s.best.program.Kills) - 1; i >= 0; i-- {
		s.try(func(p *program) { p.Kills = slices.Delete(p.Kills, i, i+1) })
	}
	for i := len(s.best.program.Clients) - 1; i >= 0; i-- {
		s.try(func(p *program) { p.Clients = slices.Delete(p.Clients, i, i+1) })
	}
	for i := range s.best.program.Clients {
		for n := len(s.best.program.Clients[i].Ops); n > 0; n /= 2 {
			s.cut(i, n)
		}
	}
	s.try(func(p *program) {
		p.Clients = slices.DeleteFunc(p.Clients, func(c script) bool { return len(c.Ops) == 0 })
	})
}

// cut tries to leave out n operations of a client in a row, anywhere.
func (s *shrinker) cut(client, n int) {
	for at := 0; at+n <= len(s.best.program.Clients[client].Ops); {
		cut := s.try(func(p *program) {
			c := &p.Clients[client]
			c.Ops = slices.Delete(c.Ops, at, at+n)
		})
		if !cut {
			at += n
		}
	}
}

// try keeps a change of the program if it fails still.
func (s *shrinker) try(change func(*program)) bool {
	p := s.best.program.clone()
	change(p)
	if p.size() >= s.best.program.size() {
		return false
	}
	for n := 0; n < shrinkTries && s.more(); n++ {
		s.runs--
		if events := s.wrong(p); events != nil {
			s.best = finding{p, events}
			return true
		}
	}
	return false
}

// wrongRun returns a function that runs programs in tests of their own.
func wrongRun(t *testing.T) func(*program) []*event {
	n := 0
	return func(p *program) (wrong []*event) {
		n++
		t.Run(fmt.Sprint("again=", n), func(t *testing.T) { wrong, _ = judge(t, play(t, p), p.Databases, glance) })
		return wrong
	}
}

// shorten leaves out of a wrong history what it is wrong without. Each step
// turns right histories into right ones, so what is wrong afterwards was wrong
// before: a prefix of a history is one; what changed nothing may as well not
// have happened; and an answer that nobody looks at may be any.
func shorten(events []*event) []*event {
	stamps := []int64{}
	for _, e := range events {
		if e.Ret != math.MaxInt64 {
			stamps = append(stamps, e.Ret)
		}
	}
	slices.Sort(stamps)
	first, _ := slices.BinarySearchFunc(stamps, true, func(stamp int64, _ bool) int {
		if isWrong(prefix(events, stamp)) {
			return 0
		}
		return -1
	})
	if first < len(stamps) {
		events = prefix(events, stamps[first])
	}
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		less := slices.Delete(slices.Clone(events), i, i+1)
		if !e.idle() {
			less = slices.Insert(less, i, unanswered(e))
		}
		if !e.Out.Lost && e.In.Kind != kill && isWrong(less) {
			events = less
		}
	}
	return events
}

func isWrong(events []*event) bool { return check(noFault, events, glance) == porcupine.Illegal }

// prefix returns what had happened by then.
func prefix(events []*event, stamp int64) (some []*event) {
	for _, e := range events {
		switch {
		case e.Call > stamp:
		case e.Ret <= stamp:
			some = append(some, e)
		case e.In.effect():
			some = append(some, unanswered(e))
		}
	}
	return some
}

// unanswered is an event whose answer has not come by then.
func unanswered(e *event) *event {
	return &event{In: e.In, Out: &output{Lost: true}, Call: e.Call, Ret: math.MaxInt64}
}

// idle reports whether e had an answer by which it changed nothing.
func (e *event) idle() bool {
	r := e.Out.Reply
	switch {
	case e.In.Kind == kill || e.Out.Lost:
		return false
	case !e.In.effect():
		return true
	case len(e.In.Forget) > 0 && (r.Replayed || e.In.Each):
		return false // it may have forgotten something
	case r.Replayed || r.Already:
		return true
	case e.In.Each:
		return r.Err() != nil && (r.StatementIndex == nil || *r.StatementIndex == 0)
	}
	return r.Err() != nil
}

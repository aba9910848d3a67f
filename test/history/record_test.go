package history

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/anishathalye/porcupine"

	"github.com/skylinedb/skylinedb/wire"
)

// input is what was asked.
type input struct {
	op
	Client int    // the client, -1 for the daemon's killer
	Conn   int    // the connection, -1 for a reader or the killer
	Turn   int    // the place among the requests of the connection
	Life   int    // which of the run's daemons it was sent to
	ExpRev *int64 // expect_rev as it was sent

	identity string // the same for two batches that are the same to the protocol
	known    int64  // of a Ping: the last rev that a reply had told before

	// Of prepare and close: a reader may have had the file open meanwhile, or had it
	// open all the time.
	maybeRead, surelyRead bool
}

// output is what came back.
type output struct {
	Reply *wire.Reply // of a request
	View  *view       // of a read
	Lost  bool        // nothing came back
}

// event is one operation of a history. Stamps are taken from one counter.
type event struct {
	In        *input
	Out       *output
	Call, Ret int64
}

// span is the time that a reader has a file open. The middle ones are those
// between which that is certain.
type span struct {
	db                           int
	open, opened, close, closing int64
}

// recorder collects the events of a run. Its clock is a counter: what has a
// smaller stamp was earlier.
type recorder struct {
	clock atomic.Int64

	mu     sync.Mutex // guards what follows
	events []*event
	spans  []span
}

// tick returns a stamp.
func (r *recorder) tick() int64 { return r.clock.Add(1) }

// add records an operation. One without an effect and without an answer tells
// nothing.
func (r *recorder) add(e *event) {
	if e.Out.Lost && !e.In.effect() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *recorder) addSpan(s span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spans = append(r.spans, s)
}

// history returns the events in the order of their calls. All clients have
// ended.
func (r *recorder) history() []*event {
	slices.SortFunc(r.events, func(a, b *event) int { return int(a.Call - b.Call) })
	for _, e := range r.events {
		if e.Out.Lost { // it may take effect whenever its turn comes, or never
			e.Ret = math.MaxInt64
		}
		if e.In.Kind == prepare || e.In.Kind == closing {
			r.noteReaders(e)
		}
	}
	return r.events
}

// noteReaders notes which readers a request could have met.
func (r *recorder) noteReaders(e *event) {
	for _, s := range r.spans {
		if s.db != e.In.DB {
			continue
		}
		if s.open < e.Ret && s.closing > e.Call {
			e.In.maybeRead = true
		}
		if s.opened != 0 && s.opened < e.Call && s.close > e.Ret {
			e.In.surelyRead = true
		}
	}
}

// operations are the events of one database as the checker takes them, and
// the end, after which nothing happens any more.
func operations(events []*event) []porcupine.Operation {
	var ops []porcupine.Operation
	for _, e := range events {
		if e.In.Kind == ping {
			e.In.known = knownBefore(e.Call, events)
		}
		ops = append(ops, porcupine.Operation{ClientId: e.In.Client + 1, Input: e.In, Call: e.Call, Output: e.Out, Return: e.Ret})
	}
	if len(events) > 0 {
		in := &input{op: op{Kind: over, DB: events[0].In.DB}, Client: -1}
		ops = append(ops, porcupine.Operation{Input: in, Call: math.MaxInt64 - 1, Output: &output{}, Return: math.MaxInt64 - 1})
	}
	return ops
}

// knownBefore returns the last rev that a reply had told before the stamp.
func knownBefore(stamp int64, events []*event) (rev int64) {
	for _, e := range events {
		if r := e.Out.Reply; r != nil && r.Rev != nil && e.Ret < stamp {
			rev = max(rev, *r.Rev)
		}
	}
	return rev
}

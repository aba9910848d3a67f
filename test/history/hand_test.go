package history

import (
	"math"

	"github.com/skylinedb/skylinedb/wire"
)

// hand makes histories by hand.
type hand struct {
	events []*event
	now    int64
	turns  map[int]int
	life   int
}

// handEpoch is the epoch in histories that are made by hand.
const handEpoch = "e1"

// ask begins a request of a client, each of which has one connection per
// daemon. It ends with answer.
func (h *hand) ask(client int, o op) *event {
	if h.turns == nil {
		h.turns = map[int]int{}
	}
	conn := 100*h.life + client
	h.turns[conn]++
	h.now++
	in := &input{op: o, Client: client, Conn: conn, Turn: h.turns[conn], Life: h.life}
	in.identify()
	e := &event{In: in, Out: &output{Lost: true}, Call: h.now, Ret: math.MaxInt64}
	h.events = append(h.events, e)
	return e
}

func (h *hand) answer(e *event, out *output) {
	h.now++
	e.Out, e.Ret = out, h.now
}

// did is a request that was answered before the next one began.
func (h *hand) did(o op, out *output) { h.answer(h.ask(0, o), out) }

// lost is a request without an answer.
func (h *hand) lost(o op) { h.ask(1, o) }

// sees is a look into the file.
func (h *hand) sees(rev int64, rows map[int]int) {
	h.did(op{Kind: read}, &output{View: &view{Rev: rev, Epoch: handEpoch, Table: true, Rows: rows}})
}

// dies is kill -9.
func (h *hand) dies() {
	h.did(op{Kind: kill}, &output{})
	h.life++
}

func exec(id string, stmts ...stmt) op { return op{Kind: batch, ID: id, Stmts: stmts} }

// done is the success of a batch.
func done(rev, rows, last int64) *output {
	epoch := handEpoch
	r := wire.OK()
	r.Rev, r.Epoch, r.RowsAffected, r.LastInsertRowID = &rev, &epoch, &rows, &last
	return &output{Reply: r}
}

// replayed is an earlier success, told again.
func replayed(rev, rows, last int64) *output {
	out := done(rev, rows, last)
	out.Reply.Replayed = true
	return out
}

// refused is a failure that no statement is to blame for.
func refused(code wire.Code) *output {
	return &output{Reply: wire.Failure(wire.Errorf(code, "No."))}
}

// unique is the failure of statement i to insert a key that is there.
func unique(i int) *output {
	e := wire.Errorf(wire.CodeSQLError, "No.")
	e.SQLiteCode, e.StatementIndex = "SQLITE_CONSTRAINT_PRIMARYKEY", &i
	return &output{Reply: wire.Failure(e)}
}

// status is the success of a Ping.
func status(rev int64, epoch string, p phase) *output {
	r := wire.OK()
	r.Rev, r.Epoch, r.State, r.Protocol = &rev, &epoch, string(p), wire.Protocol
	return &output{Reply: r}
}

// shut is the success of a close.
func shut() *output {
	r := wire.OK()
	r.Closed, r.ReadersRemaining = true, new(bool)
	return &output{Reply: r}
}

// opened is the success of a reopen.
func opened(rev int64) *output {
	epoch := handEpoch
	r := wire.OK()
	r.Reopened, r.Rev, r.Epoch = true, &rev, &epoch
	return &output{Reply: r}
}

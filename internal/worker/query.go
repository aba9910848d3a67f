package worker

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/wire"
)

// Bounds of a Query.
const (
	blockSize   = 48 << 10               // bytes of rows in a frame, roughly
	frameHead   = 1 << 10                // bytes of a frame beside rows, columns and id, at the most
	blockAge    = 100 * time.Millisecond // after which rows are sent though they are few
	stallTime   = 10 * time.Second       // for the client to take a frame
	maxSnapshot = 5 * time.Minute        // for the whole query
	minRevWait  = 5 * time.Second        // for min_rev, without timeout_ms
)

// Stream carries the frames of a Query before its last, which is the reply of
// its [Call].
type Stream struct {
	limit  int // bytes of a frame
	frames chan []byte
	taken  chan struct{} // closed when somebody takes frames
	once   sync.Once
	ctx    context.Context // ends when nobody wants the rows any more
	cancel context.CancelCauseFunc
}

// NewStream returns a stream whose frames have at most limit bytes.
func NewStream(limit int) *Stream {
	s := &Stream{limit: limit, frames: make(chan []byte), taken: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	return s
}

// Frames returns the channel on which the frames arrive. One is good until the
// next is received.
func (s *Stream) Frames() <-chan []byte {
	s.once.Do(func() { close(s.taken) })
	return s.frames
}

var (
	errEnding    = wire.Errorf(wire.CodeShuttingDown, "The daemon is ending and the query was broken off: ask again.")
	errCancelled = wire.Errorf(wire.CodeCancelled, "The request was cancelled.")
	errStalled   = wire.Errorf(wire.CodeSnapshotTooLong, "The client took no rows for %v, which keeps the log from being emptied: ask for fewer rows, or read faster.", stallTime)
	errTooLong   = wire.Errorf(wire.CodeSnapshotTooLong, "The query lasted longer than %v, which keeps the log from being emptied: split it, or read the file directly.", maxSnapshot)
)

// blocks makes the frames of a Query.
type blocks struct {
	call   *Call
	ctx    context.Context
	stall  time.Duration
	rows   sqlite.Rows
	limit  int64       // of rows, -1 for none
	head   bool        // the columns were sent
	fitted bool        // there is room for them
	old    atomic.Bool // what is collected has waited for blockAge
	clock  *time.Timer // sets old
	text   []byte      // the rows of the last frame, to be used again
	spare  [2][]byte   // frames: one is being written while the other is made
	turn   int
}

var errLimit = errors.New("as many rows as were asked for")

// runQuery runs the Query of a call on db, within a transaction that is open,
// and returns its last frame, which lacks rev and epoch.
func runQuery(ctx context.Context, db *sqlite.Conn, c *Call, stall time.Duration) (*wire.Reply, error) {
	b := &blocks{call: c, ctx: ctx, stall: stall, limit: -1}
	b.clock = time.AfterFunc(blockAge, func() { b.old.Store(true) })
	defer b.clock.Stop()
	if c.Req.Limit != nil {
		b.limit = *c.Req.Limit
	}
	b.rows.Before, b.rows.After, b.rows.Full = b.before, b.after, b.flush
	b.rows.Limit = max(1, c.Stream.limit-frameHead-len(c.Req.ID))
	_, err := db.Run(ctx, wire.Stmt{SQL: c.Req.SQL, Params: c.Req.Params}, sqlite.RunOptions{ReadOnly: true, Rows: &b.rows})
	truncated := errors.Is(err, errLimit)
	switch {
	case truncated:
	case errors.Is(err, sqlite.ErrInterrupted):
		return nil, ended(ctx)
	case err != nil:
		return nil, err
	}
	if err := b.columnsFit(); err != nil {
		return nil, err
	}
	reply := b.reply()
	reply.RowCount, reply.Truncated, reply.More = &b.rows.Count, truncated, false
	return reply, nil
}

// ended returns why ctx, which has ended, has.
func ended(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, context.DeadlineExceeded) {
		return timedOut("while the query ran")
	}
	if _, ok := errors.AsType[*wire.Error](cause); ok {
		return cause
	}
	return errEnding
}

func (b *blocks) before() error {
	if err := b.columnsFit(); err != nil {
		return err
	}
	if b.rows.Count == b.limit {
		return errLimit
	}
	return nil
}

// columnsFit makes room for the columns in the frames, once.
func (b *blocks) columnsFit() error {
	if b.fitted {
		return nil
	}
	b.fitted = true
	for i, name := range b.rows.Columns {
		b.rows.Limit -= len(strconv.Quote(name)) + len(strconv.Quote(b.rows.Types[i])) + 2
	}
	if b.rows.Limit <= 0 {
		return wire.Errorf(wire.CodeResultTooLarge, "The names of the columns have more than %d bytes of JSON, the limit: ask for fewer columns.", b.call.Stream.limit)
	}
	return nil
}

// after sends what has been collected, if it is enough or old.
func (b *blocks) after() error {
	if b.rows.Size() < min(blockSize, b.rows.Limit/2) && !b.old.Load() {
		return nil
	}
	return b.flush()
}

// flush sends what has been collected.
func (b *blocks) flush() error {
	frame, err := wire.AppendFrame(b.spare[b.turn][:0], func(dst []byte) ([]byte, error) {
		return wire.AppendReply(dst, b.reply())
	})
	if err != nil {
		return err
	}
	b.spare[b.turn] = frame
	if cap(frame) > 4*blockSize { // a large row was in it
		b.spare[b.turn] = nil
	}
	b.turn = 1 - b.turn
	return b.send(frame)
}

// send hands a frame to the connection, within the time that it has. That begins
// when it is the reply's turn.
func (b *blocks) send(frame []byte) error {
	select {
	case <-b.call.Stream.taken:
	case <-b.ctx.Done():
		return ended(b.ctx)
	}
	patience := time.NewTimer(b.stall)
	defer patience.Stop()
	select {
	case b.call.Stream.frames <- frame:
		b.old.Store(false)
		b.clock.Reset(blockAge)
		return nil
	case <-b.ctx.Done():
		return ended(b.ctx)
	case <-patience.C:
		return errStalled
	}
}

// reply takes the rows that have been collected.
func (b *blocks) reply() *wire.Reply {
	text := b.rows.Take(b.text)
	b.text = text
	if cap(text) > 4*blockSize {
		b.text = nil
	}
	r := wire.OK()
	r.ID, r.Rows, r.More = b.call.Req.ID, wire.RowsOf(text), true
	if !b.head {
		r.Columns, r.Types, b.head = b.rows.Columns, b.rows.Types, true
	}
	return r
}

// queryHeld runs a Query within its transaction.
func (w *Worker) queryHeld(b *batch) error {
	ctx, cancel := context.WithDeadline(b.call.Stream.ctx, b.tx.end)
	defer cancel()
	stop := context.AfterFunc(w.abort, cancel)
	defer stop()
	if !b.call.deadline.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, b.call.deadline)
		defer cancel()
	}
	reply, err := runQuery(ctx, w.db, b.call, w.cfg.stall)
	if err == nil {
		reply.Rev, reply.Epoch = &b.tx.rev, &b.tx.epoch
		b.reply = reply
	}
	return err
}

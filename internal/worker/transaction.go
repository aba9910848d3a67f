package worker

import (
	"crypto/rand"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// The lease of a transaction, which holds the writer: how long it may wait for
// its next request, and how long it may last.
const (
	defaultTxIdle  = 5 * time.Second
	maxTxIdle      = time.Minute
	defaultTxLease = 30 * time.Second
	maxTxLease     = 10 * time.Minute
)

// txQueue is the number of calls that may wait for their transaction.
const txQueue = 128

// Tx is a transaction over several requests, as its connection sees it. The
// connection submits its calls and says when it has ended; the worker ends the
// transaction. All methods may be called from anywhere.
type Tx struct {
	ID  string
	PID int // of the client, 0 where the system does not tell

	calls chan *Call
	left  chan struct{} // closed when the connection has ended
	leave sync.Once

	mu      sync.Mutex // guards what follows, and calls against a late one
	ended   error      // why there is no transaction any more
	ending  bool       // a Commit or Rollback was submitted
	gone    bool       // the connection has ended
	running *Call      // that the worker is at

	began     atomic.Int64 // Unix nanoseconds; 0 before
	idleSince atomic.Int64 // 0 while a call runs
	onEnd     func()
}

// NewTx returns a transaction that has not begun, for a client with that
// process id.
func NewTx(pid int) *Tx {
	var id [16]byte
	rand.Read(id[:])
	return &Tx{
		ID: wire.TxIDPrefix + hex.EncodeToString(id[:]), PID: pid, onEnd: func() {},
		calls: make(chan *Call, txQueue), left: make(chan struct{}),
	}
}

// OnEnd has f called once, when the transaction has ended or will never begin.
// Call it before the Begin is submitted.
func (t *Tx) OnEnd(f func()) { t.onEnd = f }

// Submit hands a call to the transaction. It is answered in any case.
func (t *Tx) Submit(c *Call) {
	if err := t.queue(c); err != nil {
		c.refuse(err)
	}
}

// queue hands a call to the worker, or says why not.
func (t *Tx) queue(c *Call) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended != nil {
		return t.ended
	}
	t.ending = t.ending || c.endsTx()
	select {
	case t.calls <- c:
		return nil
	default:
	}
	if c.endsTx() { // nobody has it any more
		t.leave.Do(func() { close(t.left) })
	}
	return wire.Errorf(wire.CodeQueueFull, "%d requests wait for the transaction already: ask again later.", txQueue)
}

// endsTx reports whether the call ends its transaction, whatever comes of it.
func (c *Call) endsTx() bool {
	return c.Req.Type == wire.TypeCommit || c.Req.Type == wire.TypeRollback
}

// Leave says that the connection has ended. What it has sent is still done if
// that ends the transaction; otherwise it would be undone anyway, and what runs
// is interrupted.
func (t *Tx) Leave() {
	t.leave.Do(func() { close(t.left) })
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone = true; !t.ending && t.running != nil {
		t.running.interrupt()
	}
}

// runs notes which call the worker is at, nil for none, and reports whether
// there is any use in it.
func (t *Tx) runs(c *Call) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running = c
	return t.ending || !t.gone
}

// Ended reports whether the transaction is over.
func (t *Tx) Ended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended != nil
}

// end ends the transaction and answers the calls that wait for it. The first
// reason counts.
func (t *Tx) end(why error) {
	t.mu.Lock()
	if t.ended != nil {
		t.mu.Unlock()
		return
	}
	t.ended = why
	t.mu.Unlock()
	for {
		select {
		case c := <-t.calls:
			c.refuse(why)
		default:
			t.onEnd()
			return
		}
	}
}

// status tells how long the transaction has held the writer; nil if it does not.
func (t *Tx) status(now time.Time) *wire.TxStatus {
	began, idle := t.began.Load(), t.idleSince.Load()
	if began == 0 {
		return nil
	}
	s := &wire.TxStatus{ID: t.ID, PID: t.PID, HeldMS: (now.UnixNano() - began) / int64(time.Millisecond)}
	if idle != 0 {
		s.IdleMS = (now.UnixNano() - idle) / int64(time.Millisecond)
	}
	return s
}

// Holder tells which transaction holds the writer, nil for none.
func (w *Worker) Holder() *wire.TxStatus {
	if t := w.holder.Load(); t != nil {
		return t.status(time.Now())
	}
	return nil
}

// ExpiredTx is what a request is told that names a transaction which its
// connection does not have.
func ExpiredTx() error {
	return expiredTx("there is none of this id on this connection; nothing of it is committed, unless Commit said so")
}

func expiredTx(why string) *wire.Error {
	return wire.Errorf(wire.CodeTxExpired, "The transaction is over: %s. Begin anew.", why)
}

package worker

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/wire"
)

// holding is a transaction that holds the writer.
type holding struct {
	*Tx
	req         *wire.Request // of Begin
	idle, lease time.Duration
	end         time.Time // of the lease
	rev         int64     // before it
	epoch       string
	version     int64 // of the content, as other processes leave it
	did         doings
}

// transaction serves a Begin and what follows until the transaction ends.
// Everything else waits meanwhile, each call with its own time.
func (w *Worker) transaction(c *Call) {
	h := &holding{Tx: c.Tx, req: c.Req, idle: defaultTxIdle, lease: defaultTxLease}
	if c.Req.Idle > 0 {
		h.idle = min(c.Req.Idle, maxTxIdle)
	}
	if c.Req.Lease > 0 {
		h.lease = min(c.Req.Lease, maxTxLease)
	}
	// Also after a panic, which has answered the call that runs.
	defer h.Tx.end(expiredTx("the daemon failed on it"))
	defer w.holder.Store(nil)
	if err := w.beginHolding(h, c); err != nil {
		h.Tx.end(expiredTx("it did not begin"))
		w.fail(&batch{call: c, req: c.Req}, err)
		w.publish()
		return
	}
	w.hold(h)
	w.rev.wanted, w.rev.proven = false, false
	w.publish()
	w.checkpointIfDue()
}

// beginHolding begins the transaction and answers the Begin.
func (w *Worker) beginHolding(h *holding, c *Call) error {
	if err := w.admitsWrites(); err != nil {
		return err
	}
	group, err := w.begin([]*batch{{call: c, req: c.Req}})
	if err != nil {
		return err
	}
	rev, epoch := w.rev.value, w.rev.told()
	if want := c.Req.ExpectRev; want != nil && *want != rev {
		err = revMismatch(rev, *want)
	}
	if len(group) == 0 || !c.claim() { // its time has passed, and it was told so
		err = errors.New("a Begin whose time has passed")
	}
	if err == nil {
		h.version, err = w.db.DataVersion()
	}
	if err != nil {
		w.giveUpTx()
		return err
	}
	w.publish() // others may ask how the database is, and read it
	now := time.Now()
	h.rev, h.epoch, h.end = rev, epoch, now.Add(h.lease)
	h.began.Store(now.UnixNano())
	w.holder.Store(h.Tx)
	reply := wire.OK()
	reply.Rev, reply.Epoch, reply.Tx = &rev, &epoch, h.ID
	reply.IdleMS, reply.LeaseMS = h.idle.Milliseconds(), h.lease.Milliseconds()
	c.answer(reply)
	return nil
}

// hold serves the calls of a transaction until it ends.
func (w *Worker) hold(h *holding) {
	timer := time.NewTimer(h.idle)
	defer timer.Stop()
	for over := false; !over; {
		h.idleSince.Store(time.Now().UnixNano())
		c, err := w.nextOf(h, timer)
		if err != nil {
			w.endHolding(h, err)
			return
		}
		h.idleSince.Store(0)
		w.inFlight = append(w.inFlight[:0], c)
		if c.claim() {
			if !h.runs(c) {
				c.interrupt()
			}
			over = w.serveHolding(h, c)
			h.runs(nil)
		} else if c.endsTx() { // it was cancelled, or its time has passed
			w.endHolding(h, expiredTx("its end was given up, and it was rolled back"))
			over = true
		}
		clear(w.inFlight)
	}
}

// nextOf waits for the next call of a transaction. The error says why it ends
// instead.
func (w *Worker) nextOf(h *holding, timer *time.Timer) (*Call, error) {
	if !time.Now().Before(h.end) {
		return nil, h.leaseOver()
	}
	select {
	case c := <-h.calls: // also what a connection sent that has ended
		return c, nil
	default:
	}
	wait := min(h.idle, time.Until(h.end))
	timer.Reset(wait)
	select {
	case c := <-h.calls:
		return c, nil
	case <-h.left:
		select {
		case c := <-h.calls:
			return c, nil
		default:
			return nil, expiredTx("its connection has ended, and it was rolled back")
		}
	case <-w.stop:
		return nil, expiredTx("the daemon is ending, and it was rolled back")
	case <-timer.C:
	}
	if wait < h.idle {
		return nil, h.leaseOver()
	}
	return nil, expiredTx("it waited longer than " + h.idle.String() + " for its next request, and was rolled back")
}

func (h *holding) leaseOver() *wire.Error {
	return expiredTx("it lasted longer than " + h.lease.String() + ", and was rolled back")
}

// endHolding rolls the transaction back, for the reason why.
func (w *Worker) endHolding(h *holding, why error) {
	w.cfg.Log.Debug("a transaction was rolled back", "tx", h.ID, "reason", why)
	w.giveUpTx()
	h.Tx.end(why)
}

// serveHolding answers one call of a transaction and reports whether it is over.
func (w *Worker) serveHolding(h *holding, c *Call) (over bool) {
	w.lastUse = time.Now()
	switch c.Req.Type {
	case wire.TypeCommit:
		w.commitHolding(h, c)
		return true
	case wire.TypeRollback:
		w.endHolding(h, expiredTx("it was rolled back"))
		c.answer(wire.OK())
		return true
	}
	b := &batch{call: c, req: c.Req, cut: len(c.Req.Stmts), tx: h}
	err := w.runHeld(h, b)
	if err == nil {
		h.did.wrote = h.did.wrote || b.did.wrote
		h.did.tables = addTables(h.did.tables, b.did.tables)
		c.answer(b.reply)
		return false
	}
	if w.db != nil && w.db.InTx() {
		w.fail(b, w.outcomeOf(err))
		return false
	}
	e := *wire.AsError(w.diskError(w.outcomeOf(err)))
	if e.Code != wire.CodeTxExpired {
		e.Message = strings.TrimSuffix(e.Message, ".") + ". The transaction was rolled back with it: begin anew."
		e.Retryable = false
	}
	w.endHolding(h, expiredTx("an error has rolled it back"))
	w.fail(b, &e)
	return true
}

// runHeld runs a batch within the transaction. Where it is the first that
// writes to a file which is not as the engine needs it, the transaction begins
// again, for what it has done so far was to read.
func (w *Worker) runHeld(h *holding, b *batch) error {
	for {
		err := w.runInSavepoint(b)
		switch {
		case err == nil && (b.did.wrote || b.did.lasts) && !w.rev.wal:
			w.rev.proven = true // the batch is good; now the file gets its log
		case errors.Is(err, sqlite.ErrNotPrepared):
		case err != nil && !time.Now().Before(h.end):
			w.giveUpTx()
			return h.leaseOver()
		default:
			return err
		}
		if err := w.beginAgain(h); err != nil {
			return err
		}
	}
}

// runInSavepoint runs a batch so that it leaves nothing where it fails. The
// client's own savepoints cannot stand within one of the engine's.
func (w *Worker) runInSavepoint(b *batch) error {
	b.failed, b.did = nil, doings{}
	if b.setsSavepoint() {
		return w.runAndReply(b)
	}
	if err := w.db.Savepoint(sqlite.BatchSavepoint); err != nil {
		return err
	}
	err := w.runAndReply(b)
	if err == nil {
		return w.db.ReleaseSavepoint(sqlite.BatchSavepoint)
	}
	if isOutcome(err) && w.db.InTx() {
		if undone := w.db.RollbackToSavepoint(sqlite.BatchSavepoint); undone != nil {
			w.giveUpTx()
		}
	}
	return err
}

func (w *Worker) runAndReply(b *batch) error {
	if b.req.Type == wire.TypeQuery {
		return w.queryHeld(b)
	}
	err := w.runStatements(b)
	if err == nil {
		w.reply(b)
	}
	return err
}

// beginAgain begins the transaction anew, so that it can write. Nobody may have
// written in between: what it has read would not hold.
func (w *Worker) beginAgain(h *holding) error {
	w.giveUpTx()
	w.rev.wanted = true
	if err := w.makeLog(h); err != nil {
		return err
	}
	again := NewCall(h.req, 0, time.Now())
	again.deadline = h.end
	group, err := w.begin([]*batch{{call: again, req: h.req}})
	if err == nil && len(group) == 0 {
		err = h.leaseOver()
	}
	if err == nil {
		err = w.stillAt(h)
	}
	if err != nil {
		w.giveUpTx()
	}
	return err
}

// makeLog switches the file to a log, which to SQLite looks like a change by
// somebody else.
func (w *Worker) makeLog(h *holding) error {
	if w.db == nil || !w.rev.proven || w.rev.wal {
		return nil
	}
	if err := w.stillAt(h); err != nil {
		return err
	}
	ctx, cancel := context.WithDeadline(w.abort, h.end)
	defer cancel()
	err := w.patiently(func() error { return w.enableLog(ctx) })
	if err == nil {
		h.version, err = w.db.DataVersion()
	}
	return err
}

// stillAt fails where another process has written since the transaction began.
func (w *Worker) stillAt(h *holding) error {
	version, err := w.db.DataVersion()
	if err == nil && (version != h.version || w.rev.value != h.rev || w.rev.told() != h.epoch) {
		err = expiredTx("another process wrote to the database while it was made ready for writing")
	}
	return err
}

// commitHolding commits the transaction and answers the Commit.
func (w *Worker) commitHolding(h *holding, c *Call) {
	b := &batch{call: c, req: c.Req, did: h.did}
	rev, err := w.settleHolding(h, b)
	if err != nil {
		w.giveUpTx()
		h.Tx.end(expiredTx("its Commit failed and it was rolled back"))
		w.fail(b, w.outcomeOf(err))
		return
	}
	defer h.Tx.end(expiredTx("it was committed"))
	group := []*batch{b}
	if err := w.commit(group, rev); err != nil {
		w.uncommitted(group, rev, err)
	}
}

// settleHolding does what a transaction does last: its rev, its reply and its
// record.
func (w *Worker) settleHolding(h *holding, b *batch) (rev int64, err error) {
	if done, err := w.replayed(b); done || err != nil {
		return w.rev.value, err
	}
	if b.call.expired(time.Now()) {
		return 0, timedOut("before its turn came; the transaction was rolled back")
	}
	// It may have lasted for minutes: what it would write to need not be the
	// database any more.
	if t, err := w.tampering(); err != nil || t != 0 {
		return 0, cmp.Or(err, error(expiredTx("somebody tampered with the database's files meanwhile, and it was rolled back")))
	}
	if err := w.checkForeignKeys(); err != nil {
		e := *wire.AsError(err)
		e.Message = strings.TrimSuffix(e.Message, ".") + ". The transaction was rolled back."
		return 0, &e
	}
	b.reply = wire.OK()
	rev = w.rev.value
	if h.did.wrote {
		rev++
	}
	b.reply.Rev, b.reply.Epoch = &rev, new(w.rev.told())
	return rev, w.record(b)
}

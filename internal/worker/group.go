package worker

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/wire"
)

// lockWait is how long a group waits for a process that writes past the
// daemon and holds the lock, where its batches have no earlier deadline.
const lockWait = 60 * time.Second

// maxRestarts is how often a group starts again before its batches run one by
// one: batches that end the transaction must not make the others run for ever.
// Two restarts may be the file's first, for its tables and for its log.
const maxRestarts = 5

// runGroup runs the batches and answers each.
func (w *Worker) runGroup(group []*batch) {
	if err := w.admitsWrites(); err != nil {
		w.failAll(group, err)
		w.publish()
		return
	}
	for restarts := 0; len(group) > 0 && restarts < maxRestarts; {
		var restarted bool
		if group, restarted = w.attempt(group); restarted {
			restarts++
		}
	}
	w.runSingly(group)
	w.rev.wanted, w.rev.proven = false, false
	w.publish()
	w.checkpointIfDue()
}

// runSingly runs each batch of the group in a transaction of its own.
func (w *Worker) runSingly(group []*batch) {
	for i := range group {
		for one := group[i : i+1]; len(one) > 0; {
			one, _ = w.attempt(one)
		}
	}
}

// attempt runs the batches in one transaction, as many as the bound on time
// allows, and answers those whose outcome is settled. It returns the others,
// which run next, and whether the transaction was given up on the way.
func (w *Worker) attempt(group []*batch) (rest []*batch, restarted bool) {
	group, err := w.begin(group)
	if err != nil {
		w.failAll(group, err)
		return nil, true
	}
	if len(group) == 0 {
		return nil, false
	}
	rev, results := w.rev.value, 0
	started := time.Now()
	for i, b := range group {
		if i > 0 && (b.first || results > groupBytes || time.Since(started) > w.cfg.groupTime) {
			rest, group = group[i:], group[:i]
			break
		}
		if !b.call.claim() {
			continue // it expired meanwhile, and was answered
		}
		if err := w.runIsolated(b, rev, len(group) > 1); err != nil {
			return w.restart(group, i, err), true
		}
		if b.did.wrote {
			rev++
		}
		results += b.did.size
	}
	if rev != w.rev.value && !w.rev.wal {
		// The batches are good; now the file gets its log, and they run again.
		w.giveUpTx()
		w.rev.wanted, w.rev.proven = true, true
		return append(group[:len(group):len(group)], rest...), true
	}
	if err := w.commit(group, rev); err != nil {
		w.uncommitted(group, rev, err)
		return rest, true
	}
	return rest, false
}

// runIsolated runs b so that its failure leaves the rest of the transaction
// as it was. The error it returns is one that the transaction did not survive.
func (w *Worker) runIsolated(b *batch, rev int64, shared bool) error {
	if shared {
		if err := w.db.Savepoint(sqlite.BatchSavepoint); err != nil {
			return err
		}
	}
	err := w.runBatch(b, rev)
	if err == nil && shared {
		return w.db.ReleaseSavepoint(sqlite.BatchSavepoint)
	}
	if err == nil || !shared || !isOutcome(err) || !w.db.InTx() {
		return err
	}
	b.reply, b.did = wire.Failure(w.diskError(err)), doings{}
	return w.db.RollbackToSavepoint(sqlite.BatchSavepoint)
}

// restart gives up the transaction because of batch i, and returns the batches
// to run again: all but the one to blame, unless that one can do better.
func (w *Worker) restart(group []*batch, i int, err error) []*batch {
	b := group[i]
	switch {
	case errors.Is(err, sqlite.ErrNotPrepared):
		err = w.giveUpTx()
		w.rev.wanted = true
	case errors.Is(err, errVacuum):
		if err = w.giveUpTx(); err == nil && w.db != nil {
			err = w.vacuum(b)
		}
	default:
		err = w.blame(b, err, slices.ContainsFunc(group[:i], func(b *batch) bool { return b.did.wrote }))
		w.giveUpTx()
	}
	if err == nil {
		return group
	}
	w.fail(b, err)
	return append(group[:i:i], group[i+1:]...)
}

// blame returns what b is told, whose err ended the transaction, nil if it runs
// again: as the first of a transaction where others had written to this one,
// for they may be why it failed, and are not committed; or up to the statement
// that failed, where each stands by itself.
func (w *Worker) blame(b *batch, err error, othersWrote bool) error {
	if !isOutcome(err) {
		err = w.statementError(b, 0, err)
	}
	e := wire.AsError(err)
	if othersWrote && !b.first && strings.HasPrefix(e.SQLiteCode, "SQLITE_CONSTRAINT") {
		b.first = true
		return nil
	}
	if e.StatementIndex != nil && b.cutErr == nil && w.standsAlone(b) {
		b.cut, b.cutErr = *e.StatementIndex, err
		return nil
	}
	return err
}

// giveUpTx ends the transaction. A connection that does not let it end, or
// that a fault has broken, is replaced.
func (w *Worker) giveUpTx() error {
	w.rev.forgetTx()
	w.replay.forgetTx()
	if w.db == nil {
		return nil
	}
	if w.db.Broken() {
		w.closeDB()
		return nil
	}
	err := w.db.Rollback()
	if err != nil {
		w.leaveLog()
	}
	return err
}

// commit makes the group durable and answers it. On an error nobody was
// answered; what became of the transaction is found out by uncommitted.
func (w *Worker) commit(group []*batch, rev int64) error {
	if rev == w.rev.value && !w.replay.changed() {
		err := w.syncReplayed(group)
		w.giveUpTx()
		if err != nil {
			w.failAll(group, w.outcomeOf(err))
			return nil
		}
		w.answerAll(group)
		return nil
	}
	if err := w.sweep(); err != nil {
		return err
	}
	if err := w.rev.store(w.db, rev); err != nil {
		return err
	}
	if err := w.cfg.Cores.commit(w.db.Commit); err != nil {
		return err
	}
	w.rev.committed(rev)
	w.replay.committed()
	w.committed(group)
	return nil
}

// syncReplayed makes durable what a group is told again, where it asks for
// that: it may have been executed without a sync, or by a daemon that died
// before its sync. A Commit does not say what its Begin has asked for. Nothing of
// this group's is committed, which would do it.
func (w *Worker) syncReplayed(group []*batch) error {
	full := func(b *batch) bool {
		return b.reply != nil && b.reply.Replayed && (w.cfg.Synchronous == sqlite.SyncFull || b.req.Sync == wire.SyncFull || b.req.Type == wire.TypeCommit)
	}
	if !w.rev.wal || !slices.ContainsFunc(group, full) {
		return nil
	}
	return w.db.SyncLog()
}

// committed answers a group that is durable.
func (w *Worker) committed(group []*batch) {
	w.stats.groups++
	w.files.Committed()
	w.ckpt.committed(time.Now().Add(w.cfg.logStays))
	w.tellCommit(group) // before a client may go on, with another database perhaps
	w.answerAll(group)
}

// begin opens the database and a transaction. It waits for a process that
// holds the lock as long as a batch of the group has time; those whose time
// passes are answered and left out of the group that it returns.
func (w *Worker) begin(group []*batch) ([]*batch, error) {
	end := time.Now().Add(lockWait)
	for {
		err := w.beginOnce(group, end)
		if err == nil {
			return group, nil
		}
		if w.db != nil && w.db.InTx() {
			w.giveUpTx()
		}
		if !errors.Is(err, sqlite.ErrBusy) && !errors.Is(err, sqlite.ErrInterrupted) {
			w.healFrom(err)
			return group, w.outcomeOf(err)
		}
		if group = w.dropExpired(group); len(group) == 0 {
			return nil, nil
		}
		if w.abort.Err() != nil {
			return group, wire.Errorf(wire.CodeShuttingDown, "The daemon is ending and nothing was done: ask again.")
		}
		if time.Now().After(end) {
			return group, timedOut("while another process held the lock on the database; nothing was done")
		}
	}
}

func (w *Worker) beginOnce(group []*batch, end time.Time) error {
	if err := w.openDB(true); err != nil {
		return err
	}
	level, now := w.cfg.Synchronous, time.Now()
	for _, b := range group {
		if b.req.Sync == wire.SyncFull {
			level = sqlite.SyncFull
		}
		// One whose time has passed is here for its record, and needs the
		// transaction all the same.
		if d := b.call.deadline; !d.IsZero() && d.Before(end) && d.After(now) {
			end = d
		}
	}
	if err := w.db.SetSynchronous(level); err != nil {
		return err
	}
	ctx, cancel := context.WithDeadline(w.abort, end)
	defer cancel()
	if err := w.enableLog(ctx); err != nil {
		return err
	}
	if err := w.db.Begin(ctx); err != nil {
		return err
	}
	if err := w.lookAtFile(); err != nil {
		w.giveUpTx()
		w.closeDB() // what it has read of the file is not to be trusted
		return err
	}
	err := w.rev.adopt(w.db)
	if err != nil {
		w.giveUpTx()
	}
	return err
}

// lookAtFile reads what another process may have changed before the
// transaction that has just begun.
func (w *Worker) lookAtFile() error {
	if !w.db.ForeignWrite() {
		return nil
	}
	replaced, err := w.rev.reload(w.db)
	if replaced {
		w.cfg.Log.Warn("another process put other content into the database", "rev", w.rev.value)
		w.replay = records{}
		w.tellChange(wire.ChangeReplaced)
	}
	w.noteFiles()
	return err
}

// dropExpired answers the batches whose time has passed and returns the others.
func (w *Worker) dropExpired(group []*batch) []*batch {
	var left []*batch
	now := time.Now()
	for _, b := range group {
		if b.call.expired(now) {
			w.fail(b, timedOut("while another process held the lock on the database; nothing was done"))
		} else {
			left = append(left, b)
		}
	}
	return left
}

// vacuum runs the VACUUM that b is, and leaves its rev and record to a
// transaction of its own.
func (w *Worker) vacuum(b *batch) error {
	ctx, cancel := b.context(w.abort)
	defer cancel()
	st := b.req.Stmts[0]
	err := w.patiently(func() error { return w.db.Vacuum(ctx, st.SQL, st.Params) })
	if err != nil {
		err = w.statementError(b, 0, err)
		if w.db.Broken() {
			w.closeDB()
		}
		return err
	}
	w.files.Committed()
	b.vacuumed = true
	return nil
}

func (w *Worker) answerAll(group []*batch) {
	for _, b := range group {
		switch {
		case b.reply == nil: // it expired before it ran
		case b.reply.Replayed:
			w.stats.replays++
		case b.reply.Status != "ok":
			w.stats.errors++
		default:
			w.stats.batches++
		}
	}
	w.publish()
	// Replies that go to one client leave together, once all are there.
	told := w.told[:0]
	for _, b := range group {
		if b.reply != nil && b.call.send(b.reply) {
			told = append(told, b.call)
		}
	}
	for _, c := range told {
		c.tell()
	}
	clear(told)
	w.told = told
}

func (w *Worker) failAll(group []*batch, err error) {
	for _, b := range group {
		w.fail(b, err)
	}
}

func (w *Worker) fail(b *batch, err error) {
	if b.call.claim() {
		w.stats.errors++
		b.call.fail(w.diskError(err))
	}
}

// outcomeOf turns an error of the engine itself into what clients are told.
func (w *Worker) outcomeOf(err error) error {
	if isOutcome(err) {
		return err
	}
	e := *wire.AsError(w.statementError(nil, 0, err))
	e.StatementIndex = nil
	return &e
}

// healFrom replaces the connection after an error of the file or the disk:
// what it holds may be of no use, and the next batch shall find a fresh one.
func (w *Worker) healFrom(err error) {
	if errors.Is(err, errHeld) {
		return
	}
	switch wire.ErrorCode(err) {
	case wire.CodeIOError, wire.CodeNotADatabase, wire.CodeInternal:
		w.closeDB()
	}
}

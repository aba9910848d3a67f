package client

import (
	"context"

	"github.com/skylinedb/skylinedb/wire"
)

// Committed is the success of Commit.
type Committed struct {
	Rev   int64  // the database's, after the transaction
	Epoch string // the file's
	// Replayed says that the first reply was lost, and that this is the one
	// that the daemon had recorded.
	Replayed bool
}

// commitment is a Commit on its way: what is sent, and sent again until there
// is an answer.
type commitment struct {
	frame, id []byte
	requestID string
	carried   []string // ids that it lets the daemon forget
}

// Commit commits the transaction. When the connection is lost before the reply
// comes, it asks again on another, waiting and retrying as every call does, so
// that the answer is true: a success, CodeTxExpired where nothing was
// committed, or another code with which the daemon has rolled it back.
//
// CodeUnavailable says that it is not known whether the transaction was
// committed: ctx has ended, or no daemon could tell. Commit may be called again
// then, and asks for the same transaction. After any other answer, the
// transaction is over.
func (tx *Tx) Commit(ctx context.Context) (Committed, error) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.commit != nil {
		return tx.askAgain(ctx)
	}
	if err := tx.ready(); err != nil {
		return Committed{}, err
	}
	cm, err := tx.c.newCommitment(tx)
	if err != nil {
		return Committed{}, err
	}
	stop := tx.lane.watch(ctx)
	reply, err := tx.lane.exchange(cm.frame, cm.id)
	inTime := stop()
	if err == nil {
		err = reply.Err()
		// A daemon that failed on its own knows no more than we do.
		if !passes(err) && wire.ErrorCode(err) != wire.CodeInternal {
			tx.lane.settle(inTime, err)
			return tx.settled(cm, reply, err, false)
		}
	}
	tx.lane.hangUp()
	tx.commit = cm
	tx.end(wire.Errorf(wire.CodeUnavailable, "It is not known whether the transaction was committed: call Commit again, which asks."))
	switch {
	case err == ErrClosed:
		return Committed{}, unavailable(err)
	case ctx.Err() != nil:
		return Committed{}, gaveUp(ctx, true, nil)
	}
	return tx.askAgain(ctx)
}

// newCommitment makes the Commit of tx.
func (c *Client) newCommitment(tx *Tx) (cm *commitment, err error) {
	cm = &commitment{requestID: c.ids.next()}
	cm.frame, cm.id, cm.carried, err = c.frameForgetting(&wire.Request{
		Type: wire.TypeCommit, DB: tx.db, HasDB: true, TxID: tx.id, RequestID: cm.requestID,
	})
	return cm, err
}

// askAgain sends the Commit on the shared connection until there is an answer;
// mu is held.
func (tx *Tx) askAgain(ctx context.Context) (Committed, error) {
	cm := tx.commit
	r := tx.c.newRetry(ctx, cm.frame, cm.id, nil)
	r.deed, r.lost = "committed the transaction", 1
	reply, err := r.run()
	if err == nil || decides(err) {
		return tx.settled(cm, reply, err, true)
	}
	if wire.ErrorCode(err) != wire.CodeUnavailable {
		err = wire.Errorf(wire.CodeUnavailable, "The daemon may or may not have committed the transaction, and cannot be asked: %w.", &phrase{err})
	}
	return Committed{}, err
}

// settled notes the answer to a Commit and keeps the books of what the daemon
// may forget; mu is held.
func (tx *Tx) settled(cm *commitment, reply *wire.Reply, err error, sentTwice bool) (Committed, error) {
	tx.commit = nil
	if err != nil {
		tx.c.answered.add(tx.db, cm.carried...) // the forgetting was rolled back
		tx.end(err)
		if wire.ErrorCode(err) != wire.CodeTxExpired {
			tx.end(wire.Errorf(wire.CodeTxExpired, "Commit has failed and nothing of the transaction was committed: begin anew."))
		}
		return Committed{}, err
	}
	if !sentTwice { // otherwise the first copy may still be on its way
		tx.c.answered.add(tx.db, cm.requestID)
	}
	tx.end(wire.Errorf(wire.CodeInvalidRequest, "The transaction was committed: begin another."))
	return Committed{Rev: value(reply.Rev), Epoch: value(reply.Epoch), Replayed: reply.Replayed}, nil
}

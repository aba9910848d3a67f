package wire

import (
	"errors"
	"strings"
)

// TxIDPrefix begins the ids of transactions, which tells them from a [Tx].
const TxIDPrefix = "tx-"

// txID reads the id of a transaction, "" where the field says something else.
func txID(raw []byte) (string, error) {
	text, err := textField("tx", raw)
	if err != nil || !strings.HasPrefix(text, TxIDPrefix) {
		return "", err
	}
	return text, nil
}

// refuseCommitment refuses, in a batch of a transaction, what goes with its
// Begin or its Commit.
func (f *fields) refuseCommitment() error {
	switch {
	case !absent(f.requestID), !absent(f.forget):
		return errors.New(`in a transaction "request_id" and "forget" go with Commit`)
	case !absent(f.expectRev), !absent(f.sync):
		return errors.New(`in a transaction "expect_rev" and "sync" go with Begin`)
	}
	return nil
}

// decodeTransaction reads a Begin, a Commit or a Rollback.
func (r *Request) decodeTransaction(f *fields) (err error) {
	if err := r.decodeDB(f); err != nil {
		return err
	}
	if r.Timeout, err = durationField("timeout_ms", f.timeout); err != nil {
		return err
	}
	if r.Type == TypeBegin {
		return r.decodeBegin(f)
	}
	if r.TxID, err = txID(f.tx); err != nil {
		return err
	}
	if r.TxID == "" {
		return errors.New(`the field "tx" must be the id that Begin gave`)
	}
	if r.Type == TypeCommit {
		return r.decodeCommitment(&fields{requestID: f.requestID, forget: f.forget})
	}
	return nil
}

func (r *Request) decodeBegin(f *fields) (err error) {
	if r.Idle, err = durationField("idle_ms", f.idle); err != nil {
		return err
	}
	if r.Lease, err = durationField("lease_ms", f.lease); err != nil {
		return err
	}
	return r.decodeCommitment(&fields{expectRev: f.expectRev, sync: f.sync})
}

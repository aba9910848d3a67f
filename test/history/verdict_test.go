package history

import "github.com/skylinedb/skylinedb/wire"

// verdict is what the model says that a reply must tell. The zero verdict is
// a bare success.
type verdict struct {
	code       wire.Code // "" for a success
	sqliteCode string
	index      int // of the failed statement
	hasIndex   bool
	freeIndex  bool // any, or none
	retryable  bool

	hasRev bool // the reply has rev
	rev    int64

	// Of batches.
	settled  bool // the reply has epoch and the rows affected
	affected int64
	last     int64
	replayed bool

	// Of other requests.
	phase   phase
	already bool
	readers bool
}

// retryables are the codes after which asking again may help.
var retryables = map[wire.Code]bool{
	wire.CodeTimeout: true, wire.CodeDatabasePreparing: true, wire.CodeDatabaseClosed: true,
	wire.CodeCheckpointBusy: true, wire.CodeReadersRemain: true,
}

func failure(code wire.Code) verdict { return verdict{code: code, retryable: retryables[code]} }

func sqlError(code string) verdict {
	v := failure(wire.CodeSQLError)
	v.sqliteCode = code
	return v
}

// at is v with the place of the statement that failed.
func (v verdict) at(i int) verdict {
	v.index, v.hasIndex = i, true
	return v
}

// anywhere is v where it does not matter which statement failed.
func (v verdict) anywhere() verdict {
	v.freeIndex = true
	return v
}

// withRev is v with a rev.
func (v verdict) withRev(rev int64) verdict {
	v.hasRev, v.rev = true, rev
	return v
}

// answered returns the state after a request whose reply was r, nil where b
// is not what the reply tells.
func (b branch) answered(in *input, r *wire.Reply) *state {
	v := b.told
	if r.Code != v.code || !told(r.Rev, v.hasRev, v.rev) || !told(r.RowsAffected, v.settled, v.affected) || r.Replayed != v.replayed || r.Already != v.already {
		return nil
	}
	if v.code != "" && !v.failed(r) {
		return nil
	}
	if v.code == "" && !v.succeeded(in, r) {
		return nil
	}
	if v.settled || v.code == "" && (in.Kind == ping || in.Kind == reopen) {
		if r.Epoch == nil || v.settled && *r.Epoch == "" {
			return nil
		}
		if preparedEpochChanges && in.Kind == ping && b.next.phase == preparing && b.next.rev == 0 {
			return b.next
		}
		return b.next.withEpoch(*r.Epoch)
	}
	if r.Epoch != nil {
		return nil
	}
	return b.next
}

// failed reports whether r tells the failure as v has it.
func (v verdict) failed(r *wire.Reply) bool {
	if !v.freeIndex && (r.StatementIndex != nil) != v.hasIndex || v.hasIndex && *r.StatementIndex != v.index {
		return false
	}
	return r.Status == "error" && r.Message != "" && r.SQLiteCode == v.sqliteCode &&
		r.Retryable != nil && *r.Retryable == v.retryable
}

// succeeded reports whether r is the success of such a request.
func (v verdict) succeeded(in *input, r *wire.Reply) bool {
	if r.Status != "ok" {
		return false
	}
	switch in.Kind {
	case batch:
		return r.LastInsertRowID != nil && *r.LastInsertRowID == v.last
	case ping:
		return r.State == string(v.phase) && r.Protocol == wire.Protocol
	case prepare:
		return r.Checkpointed
	case closing:
		return r.Closed && r.ReadersRemaining != nil && *r.ReadersRemaining == v.readers
	case reopen:
		return r.Reopened
	}
	return false
}

// told reports whether a number stands in a reply where it should, and not
// where it should not.
func told(n *int64, there bool, want int64) bool {
	return (n != nil) == there && (n == nil || *n == want)
}

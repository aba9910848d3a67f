package worker

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math"
	"time"

	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/wire"
)

// Bounds of the records of batches that were executed.
const (
	recordAge  = 24 * time.Hour
	maxRecords = 100_000
	sweepStep  = 32 // records that one group removes beyond what it adds
)

const (
	findRecord   = `SELECT digest, reply FROM _skylinedb_requests WHERE id = ?1`
	addRecord    = `INSERT INTO _skylinedb_requests(id, digest, at, reply) VALUES(?1, ?2, ?3, ?4)`
	forgetRecord = `DELETE FROM _skylinedb_requests WHERE id = ?1`
	countRecords = `SELECT count(*) FROM _skylinedb_requests`
	oldestRecord = `SELECT at FROM _skylinedb_requests ORDER BY seq LIMIT 1`
	dropOldest   = `DELETE FROM _skylinedb_requests WHERE seq IN
	(SELECT seq FROM _skylinedb_requests ORDER BY seq LIMIT ?1)`
	// Only the oldest are looked at: a search for all that are too old would
	// read the whole table whenever there are fewer than the limit.
	dropExpired = `DELETE FROM _skylinedb_requests WHERE seq IN
	(SELECT seq FROM (SELECT seq, at FROM _skylinedb_requests ORDER BY seq LIMIT ?2) WHERE at < ?1)`
)

// records counts the records of the file, so that no group has to.
type records struct {
	counted bool
	count   int64 // as of the last commit
	added   int64 // by the present transaction
	dropped int64 // by the present transaction
}

// changed reports whether the present transaction added or removed records.
func (r *records) changed() bool { return r.added != 0 || r.dropped != 0 }

func (r *records) committed() {
	r.count += r.added - r.dropped
	r.forgetTx()
}

func (r *records) forgetTx() { r.added, r.dropped = 0, 0 }

// replayed looks for the record of b and, if there is one, makes the recorded
// reply b's own.
func (w *Worker) replayed(b *batch) (bool, error) {
	if b.req.RequestID == "" || !w.rev.tablesVisible() {
		return false, nil
	}
	var digest, reply []byte
	err := w.db.Query(func(r sqlite.Row) error {
		digest, reply = r.Blob(0), []byte(r.Text(1))
		return nil
	}, findRecord, b.req.RequestID)
	if err != nil || reply == nil {
		return false, err
	}
	if string(digest) != string(b.call.digest) {
		return false, wire.Errorf(wire.CodeRequestIDReused, "The request_id %.128q belongs to another batch: make a new id for each batch.", b.req.RequestID)
	}
	if b.reply, err = wire.ParseReply(reply); err != nil {
		return false, fmt.Errorf("read the record of a request: %w", err)
	}
	b.reply.Replayed = true
	return true, nil
}

// record keeps the outcome of b and forgets the ids that it names, where the
// file is ready to be written: for a batch that only reads it is not made so.
func (w *Worker) record(b *batch) error {
	if !w.rev.writable() {
		return nil
	}
	for _, id := range b.req.Forget {
		if err := w.db.Exec(forgetRecord, id); err != nil {
			return err
		}
		w.replay.dropped += w.db.Changes()
	}
	if b.req.RequestID == "" || !b.did.wrote {
		return nil
	}
	reply, err := wire.AppendReply(nil, b.reply)
	if err != nil {
		return err
	}
	if err := w.db.Exec(addRecord, b.req.RequestID, b.call.digest, time.Now().UnixMilli(), string(reply)); err != nil {
		return err
	}
	w.replay.added++
	return nil
}

// sweep removes records that are too old or too many, in the transaction that
// added some, and in steps that nobody notices.
func (w *Worker) sweep() error {
	r := &w.replay
	if r.added == 0 {
		return nil
	}
	if !r.counted {
		err := w.db.Query(func(row sqlite.Row) error {
			r.count = row.Int(0) - r.added + r.dropped
			return nil
		}, countRecords)
		if err != nil {
			return err
		}
		r.counted = true
	}
	step := r.added + sweepStep
	if excess := r.count + r.added - r.dropped - maxRecords; excess > 0 {
		if err := w.dropRecords(dropOldest, min(excess, step)); err != nil {
			return err
		}
	}
	oldest := int64(math.MaxInt64)
	if err := w.db.Query(func(row sqlite.Row) error { oldest = row.Int(0); return nil }, oldestRecord); err != nil {
		return err
	}
	limit := time.Now().Add(-recordAge).UnixMilli()
	if oldest >= limit {
		return nil
	}
	return w.dropRecords(dropExpired, limit, step)
}

func (w *Worker) dropRecords(sql string, args ...any) error {
	if err := w.db.Exec(sql, args...); err != nil {
		return err
	}
	w.replay.dropped += w.db.Changes()
	return nil
}

// digest identifies what a batch does: its statements, their parameters and
// how they are joined. How durable it is or how long it may take does not
// matter.
func digest(req *wire.Request) []byte {
	h := sha256.New()
	writeText(h, []byte(req.Tx))
	if req.ExpectRev == nil {
		writeInt(h, 0)
	} else {
		writeInt(h, 1)
		writeInt(h, uint64(*req.ExpectRev))
	}
	if req.TxID != "" { // of a Commit
		writeText(h, []byte(req.TxID))
	}
	for _, st := range req.Stmts {
		writeText(h, []byte(st.SQL))
		writeInt(h, uint64(st.Params.Len()))
		for name, v := range st.Params.All() {
			writeText(h, []byte(name))
			writeInt(h, uint64(v.Kind))
			writeInt(h, uint64(v.Int))
			writeInt(h, math.Float64bits(v.Float))
			writeText(h, v.Bytes)
		}
		if st.Rows != nil { // the text: a repeat is the same to the byte
			writeText(h, st.Rows.Text())
		}
	}
	return h.Sum(nil)[:16]
}

func writeText(h hash.Hash, text []byte) {
	writeInt(h, uint64(len(text)))
	h.Write(text)
}

func writeInt(h hash.Hash, i uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], i)
	h.Write(b[:])
}

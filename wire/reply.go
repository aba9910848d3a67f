package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Reply is the answer to one request. A field that does not belong to the
// request's type is nil or zero and does not travel.
type Reply struct {
	ID     json.RawMessage `json:"id,omitempty"`
	Status string          `json:"status"` // "ok" or "error"

	// Of a failure.
	Code           Code   `json:"code,omitempty"`
	Message        string `json:"message,omitempty"`
	Retryable      *bool  `json:"retryable,omitempty"`
	SQLiteCode     string `json:"sqlite_code,omitempty"`
	StatementIndex *int   `json:"statement_index,omitempty"`
	RowIndex       *int   `json:"row_index,omitempty"` // of param_rows

	// Of ExecBatch; Rev and Epoch of Ping and ReopenDatabase as well.
	Rev             *int64  `json:"rev,omitempty"`
	Epoch           *string `json:"epoch,omitempty"`
	RowsAffected    *int64  `json:"rows_affected,omitempty"`
	LastInsertRowID *int64  `json:"last_insert_rowid,omitempty"`
	Replayed        bool    `json:"replayed,omitempty"`

	// Results are what each statement of a batch did, where it was asked for.
	Results []StmtResult `json:"results,omitempty"`

	// Of Query, in one frame or several; Rev and Epoch in the last.
	Columns   []string `json:"columns,omitempty"`
	Types     []string `json:"types,omitempty"` // declared types, "" for none
	Rows      Rows     `json:"-"`               // "rows"
	RowCount  *int64   `json:"row_count,omitempty"`
	Truncated bool     `json:"truncated,omitempty"`

	// More says that another frame of the same reply follows.
	More bool `json:"more,omitempty"`

	// Of Begin: the transaction's id and its lease.
	Tx      string `json:"tx,omitempty"`
	IdleMS  int64  `json:"idle_ms,omitempty"`
	LeaseMS int64  `json:"lease_ms,omitempty"`

	Cancelled *bool `json:"cancelled,omitempty"` // of Cancel

	Subscribed bool `json:"subscribed,omitempty"` // of Subscribe, in the first frame
	Event

	// Of Ping.
	Version  string `json:"version,omitempty"`
	Protocol int    `json:"protocol,omitempty"`
	Dir      string `json:"dir,omitempty"`
	DBPath   string `json:"db_path,omitempty"`
	State    string `json:"state,omitempty"` // open, preparing or closed

	// Of the maintenance commands.
	Checkpointed     bool  `json:"checkpointed,omitempty"`
	Closed           bool  `json:"closed,omitempty"`
	ReadersRemaining *bool `json:"readers_remaining,omitempty"`
	Reopened         bool  `json:"reopened,omitempty"`
	Already          bool  `json:"already,omitempty"` // the state held before

	*DaemonStatus // of Status
}

// StmtResult is what one statement of a batch did.
type StmtResult struct {
	RowsAffected    int64    `json:"rows_affected"`
	LastInsertRowID int64    `json:"last_insert_rowid"`
	Columns         []string `json:"columns,omitempty"` // nil where it returns no rows
	Types           []string `json:"types,omitempty"`
	Rows            Rows     `json:"rows,omitzero"`
}

// DaemonStatus is what Status tells beside version and dir.
type DaemonStatus struct {
	PID         int              `json:"pid"`
	UptimeMS    int64            `json:"uptime_ms"`
	Socket      string           `json:"socket"`
	Connections int              `json:"connections"`
	Workers     int              `json:"workers"` // databases with a worker now
	Databases   []DatabaseStatus `json:"databases"`
}

// DatabaseStatus is what Status tells of one database that the daemon has
// served since it started. The counters go on over a worker's idle end.
type DatabaseStatus struct {
	DB         string `json:"db"`
	DBPath     string `json:"db_path"`
	State      string `json:"state"`
	Worker     bool   `json:"worker"` // a worker serves it now
	Rev        int64  `json:"rev"`
	Epoch      string `json:"epoch"`
	QueueDepth int    `json:"queue_depth"` // requests that wait for the worker
	WALBytes   int64  `json:"wal_bytes"`   // size of the write-ahead log
	Batches    int64  `json:"batches"`     // committed
	Groups     int64  `json:"groups"`      // transactions that committed them
	Errors     int64  `json:"errors"`      // batches that failed
	Replays    int64  `json:"replays"`     // batches answered from their record
	Queries    int64  `json:"queries"`     // that were begun

	Tx *TxStatus `json:"tx,omitempty"` // the transaction that holds the writer
}

// TxStatus is what Status tells of a transaction that holds the writer.
type TxStatus struct {
	ID     string `json:"id"`
	PID    int    `json:"pid"`     // of its client, 0 where the system does not tell
	HeldMS int64  `json:"held_ms"` // since Begin
	IdleMS int64  `json:"idle_ms"` // since its last request ended, 0 during one
}

// OK returns an empty success.
func OK() *Reply { return &Reply{Status: "ok"} }

// Failure returns the reply that tells err, which [AsError] has made one of ours.
func Failure(err error) *Reply {
	e := AsError(err)
	return &Reply{
		Status: "error", Code: e.Code, Message: e.Message, Retryable: &e.Retryable, SQLiteCode: e.SQLiteCode,
		StatementIndex: e.StatementIndex, RowIndex: e.RowIndex, Rev: e.Rev, RowsAffected: e.RowsAffected,
	}
}

// Err returns the failure that r tells, nil for a success.
func (r *Reply) Err() error {
	if r.Status == "ok" {
		return nil
	}
	e := &Error{
		Code: r.Code, Message: r.Message, SQLiteCode: r.SQLiteCode,
		StatementIndex: r.StatementIndex, RowIndex: r.RowIndex, Rev: r.Rev, RowsAffected: r.RowsAffected,
	}
	if r.Retryable != nil {
		e.Retryable = *r.Retryable
	}
	return e
}

// AppendReply appends the JSON form of r.
func AppendReply(dst []byte, r *Reply) ([]byte, error) {
	if r.isAck() && isPlain(r.ID) && isPlain(*r.Epoch) && !strings.Contains(*r.Epoch, `"`) {
		return appendAck(dst, r), nil
	}
	b := bytes.NewBuffer(dst)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false) // an id that has "<" comes back with "<"
	if err := enc.Encode(r); err != nil {
		return nil, fmt.Errorf("encode a reply: %w", err)
	}
	out := bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
	if r.Rows.raw != nil { // past the encoder, which would look at all of it again
		out = append(append(out[:len(out)-1], `,"rows":`...), r.Rows.raw...)
		out = append(out, '}')
	}
	return out, nil
}

// ParseReply decodes the body of a frame that a daemon sent. Fields that this
// version does not know are ignored. Rows are part of body.
func ParseReply(body []byte) (*Reply, error) {
	rest, rows, err := cutRows(body)
	if err != nil {
		return nil, fmt.Errorf("decode a reply: %w", err)
	}
	r := &Reply{Rows: rows}
	if err := json.Unmarshal(rest, r); err != nil {
		return nil, fmt.Errorf("decode a reply: %w", err)
	}
	if r.Status != "ok" && r.Status != "error" {
		return nil, fmt.Errorf("decode a reply: status %q is neither ok nor error", r.Status)
	}
	if r.Status == "error" && r.Code == "" {
		return nil, errors.New("decode a reply: a failure without a code")
	}
	return r, nil
}

package wire

import (
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// Type is what a request asks for.
type Type string

// The types of requests.
const (
	TypePing                  Type = "Ping"
	TypeExecBatch             Type = "ExecBatch"
	TypePrepareForMaintenance Type = "PrepareForMaintenance"
	TypeCloseDatabase         Type = "CloseDatabase"
	TypeReopenDatabase        Type = "ReopenDatabase"
	TypeStatus                Type = "Status"
	TypeShutdown              Type = "Shutdown"
	TypeQuery                 Type = "Query"
	TypeCancel                Type = "Cancel"
	TypeBegin                 Type = "Begin"
	TypeCommit                Type = "Commit"
	TypeRollback              Type = "Rollback"
	TypeSubscribe             Type = "Subscribe"
)

// Tx says how the statements of a batch are joined.
type Tx string

// The joins of a batch.
const (
	TxAtomic Tx = "atomic" // all or nothing
	TxNone   Tx = "none"   // each statement by itself, up to the first failure
)

// Sync says what a batch must survive before it is acknowledged
// (https://sqlite.org/pragma.html#pragma_synchronous). The zero Sync is the
// daemon's setting.
type Sync string

// The levels of durability.
const (
	SyncNormal Sync = "normal" // a crash of the daemon
	SyncFull   Sync = "full"   // a power failure
)

// Request is one request. Fields that its type does not use are zero.
type Request struct {
	ID    []byte // the JSON text of "id", nil for none
	Type  Type
	DB    string // the database's name; DefaultDB where the request names none
	HasDB bool   // the request names its database

	Stmts     []Stmt
	Tx        Tx
	TxID      string // the transaction that the request belongs to, "" for none
	Results   bool   // the reply tells what each statement did
	RequestID string
	Forget    []string
	ExpectRev *int64
	Sync      Sync
	Timeout   time.Duration // 0 is none

	RequireExclusive bool

	// Of Query.
	SQL    string
	Params Params
	Limit  *int64
	MinRev *int64

	// Of Begin, 0 for the default.
	Idle, Lease time.Duration

	// Of Subscribe: what the subscriber has seen already.
	Rev   *int64
	Epoch string

	Target []byte // of Cancel: the JSON text of the other request's id
}

// Stmt is one statement of a batch. It has Params, or runs once for each of
// Rows.
type Stmt struct {
	SQL    string
	Params Params
	Rows   *ParamRows // nil for none
}

// fields are the raw values of a request's known fields, nil where absent.
type fields struct {
	id, typ, db, stmts, tx, requestID, forget, expectRev, sync, timeout, exclusive []byte
	results, sql, params, limit, minRev, idle, lease, rev, epoch, target           []byte
}

func (f *fields) slot(name []byte) *[]byte {
	switch string(name) {
	case "id":
		return &f.id
	case "type":
		return &f.typ
	case "db":
		return &f.db
	case "stmts":
		return &f.stmts
	case "tx":
		return &f.tx
	case "request_id":
		return &f.requestID
	case "forget":
		return &f.forget
	case "expect_rev":
		return &f.expectRev
	case "sync":
		return &f.sync
	case "timeout_ms":
		return &f.timeout
	case "require_exclusive":
		return &f.exclusive
	case "results":
		return &f.results
	}
	return f.laterSlot(name)
}

// laterSlot is slot for the fields that no plain batch has.
func (f *fields) laterSlot(name []byte) *[]byte {
	switch string(name) {
	case "sql":
		return &f.sql
	case "params":
		return &f.params
	case "limit":
		return &f.limit
	case "min_rev":
		return &f.minRev
	case "idle_ms":
		return &f.idle
	case "lease_ms":
		return &f.lease
	case "rev":
		return &f.rev
	case "epoch":
		return &f.epoch
	case "target":
		return &f.target
	}
	return nil
}

// ParseRequest decodes the body of a frame. The Request is never nil: where
// decoding fails it holds the id, if there was one to read, so that the reply
// can echo it. ID and the parameters alias body, which must not change.
//
// The error, if any, is an [Error] with CodeInvalidRequest or CodeUnknownType.
func ParseRequest(body []byte) (*Request, error) {
	r := &Request{}
	var f fields
	err := f.scan(body)
	if len(f.id) > MaxID {
		return r, Errorf(CodeInvalidRequest, "The request's id has %d bytes of JSON and the limit is %d: send a shorter one.", len(f.id), MaxID)
	}
	r.ID = f.id
	if err != nil {
		return r, Errorf(CodeInvalidRequest, "The message is not a request: %w.", err)
	}
	if err := r.decode(&f); err != nil {
		if e, ok := errors.AsType[*Error](err); ok {
			return r, e
		}
		return r, Errorf(CodeInvalidRequest, "The request is malformed: %w.", err)
	}
	return r, nil
}

// scan checks the whole text and finds the known fields of its object.
func (f *fields) scan(body []byte) error {
	if !utf8.Valid(body) {
		return errors.New("it is not UTF-8")
	}
	s := &scanner{data: body}
	if s.peek() != '{' {
		if err := checkJSON(body); err != nil {
			return fmt.Errorf("it is not JSON: %w", err)
		}
		return errors.New("it is not a JSON object")
	}
	var twice string
	err := s.object(func(name []byte) error {
		raw, err := s.raw()
		if err != nil {
			return err
		}
		if slot := f.slot(name); slot != nil {
			if *slot != nil {
				twice = string(name)
				return nil
			}
			*slot = raw
		}
		return nil
	})
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return fmt.Errorf("it is not JSON: %w", err)
	}
	if twice != "" {
		return fmt.Errorf("the field %q stands twice", twice)
	}
	return nil
}

func checkJSON(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("it is not UTF-8")
	}
	s := &scanner{data: text}
	if _, err := s.raw(); err != nil {
		return err
	}
	return s.end()
}

// decode reads the fields that the request's type uses.
func (r *Request) decode(f *fields) error {
	typ, err := textField("type", f.typ)
	if err != nil {
		return err
	}
	if absent(f.typ) {
		return errors.New(`the field "type" is missing`)
	}
	r.Type = Type(typ)
	switch r.Type {
	case TypeStatus, TypeShutdown:
		return nil
	case TypePing, TypePrepareForMaintenance, TypeReopenDatabase:
		return r.decodeDB(f)
	case TypeCloseDatabase:
		if r.RequireExclusive, err = boolField("require_exclusive", f.exclusive); err != nil {
			return err
		}
		return r.decodeDB(f)
	case TypeExecBatch:
		if err := r.decodeDB(f); err != nil {
			return err
		}
		return r.decodeBatch(f)
	case TypeQuery:
		return r.decodeQuery(f)
	case TypeBegin, TypeCommit, TypeRollback:
		return r.decodeTransaction(f)
	case TypeSubscribe:
		return r.decodeSubscribe(f)
	case TypeCancel:
		if absent(f.target) {
			return errors.New(`the field "target" is missing: it names the id of the request to end`)
		}
		r.Target = f.target
		return nil
	}
	return Errorf(CodeUnknownType, "There is no request type %.40q in protocol %d.", typ, Protocol)
}

func (r *Request) decodeDB(f *fields) (err error) {
	r.DB, r.HasDB = DefaultDB, !absent(f.db)
	if r.HasDB {
		r.DB, err = textField("db", f.db)
	}
	return err
}

func (r *Request) decodeBatch(f *fields) (err error) {
	if r.Stmts, err = parseStmts(f.stmts); err != nil {
		return err
	}
	if r.Results, err = boolField("results", f.results); err != nil {
		return err
	}
	if r.Timeout, err = durationField("timeout_ms", f.timeout); err != nil {
		return err
	}
	if r.TxID, err = txID(f.tx); err != nil || r.TxID != "" {
		if err == nil {
			err = f.refuseCommitment()
		}
		r.Tx = TxAtomic
		return err
	}
	if r.Tx, err = choice("tx", f.tx, TxAtomic, TxAtomic, TxNone); err != nil {
		return err
	}
	return r.decodeCommitment(f)
}

// decodeCommitment reads what goes with what is committed.
func (r *Request) decodeCommitment(f *fields) (err error) {
	if r.Sync, err = choice("sync", f.sync, "", SyncNormal, SyncFull); err != nil {
		return err
	}
	if r.ExpectRev, err = optionalInt("expect_rev", f.expectRev); err != nil {
		return err
	}
	if !absent(f.requestID) {
		if r.RequestID, err = requestID("request_id", f.requestID); err != nil {
			return err
		}
	}
	r.Forget, err = parseForget(f.forget)
	return err
}

func parseStmts(raw []byte) ([]Stmt, error) {
	if absent(raw) || raw[0] != '[' {
		return nil, errors.New(`the field "stmts" must be an array of statements`)
	}
	s := &scanner{data: raw}
	var stmts []Stmt
	err := s.array(func() error {
		if len(stmts) == MaxStmts {
			return fmt.Errorf("a batch has at most %d statements: split it", MaxStmts)
		}
		st, err := parseStmt(s)
		if err != nil {
			return fmt.Errorf("statement %d: %w", len(stmts), err)
		}
		stmts = append(stmts, st)
		return nil
	})
	if err == nil && len(stmts) == 0 {
		err = errors.New("the batch is empty: it needs at least one statement")
	}
	if len(stmts) > manyStmts { // without the room that append left for more
		stmts = slices.Clone(stmts)
	}
	return stmts, err
}

// manyStmts is the number of statements whose unused room is worth a copy.
const manyStmts = 1000

func parseStmt(s *scanner) (Stmt, error) {
	var st Stmt
	var sql, params, rows []byte
	if s.peek() != '{' {
		return st, errors.New(`it must be an object with "sql"`)
	}
	err := s.object(func(name []byte) error {
		raw, err := s.raw()
		if err != nil {
			return err
		}
		slot := &sql
		switch string(name) {
		case "sql":
		case "params":
			slot = &params
		case "param_rows":
			slot = &rows
		default:
			return nil
		}
		if *slot != nil {
			return fmt.Errorf("the field %q stands twice", name)
		}
		*slot = raw
		return nil
	})
	if err != nil {
		return st, err
	}
	if st.SQL, err = textField("sql", sql); err != nil {
		return st, err
	}
	if absent(sql) {
		return st, errors.New(`the field "sql" is missing`)
	}
	switch {
	case !absent(params) && !absent(rows):
		err = errors.New(`it has "params" or "param_rows", not both`)
	case !absent(params):
		st.Params, err = parseParams(params)
	case !absent(rows):
		st.Rows, err = parseParamRows(rows)
	}
	return st, err
}

func parseForget(raw []byte) ([]string, error) {
	if absent(raw) {
		return nil, nil
	}
	if raw[0] != '[' {
		return nil, errors.New(`the field "forget" must be an array of request ids`)
	}
	s := &scanner{data: raw}
	var ids []string
	err := s.array(func() error {
		if len(ids) == MaxForget {
			return fmt.Errorf(`"forget" names at most %d ids`, MaxForget)
		}
		element, err := s.raw()
		if err != nil {
			return err
		}
		id, err := requestID("forget", element)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

package fakedaemon

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/skylinedb/skylinedb/wire"
)

// frameRows is the number of rows in a frame of a Query: few, so that small
// results have several frames.
const frameRows = 2

// Serve is the store's [Server]: Handle, and what goes by the connection. The
// rows of every Query are the statements that were executed, numbered.
func (s *Store) Serve(c *Call) bool {
	switch {
	case c.Type == wire.TypeQuery:
		return s.query(c)
	case c.Type == wire.TypeSubscribe:
		return s.subscribe(c)
	case c.Type == wire.TypeBegin, c.Type == wire.TypeCommit, c.Type == wire.TypeRollback, c.TxID != "":
		return c.Send(s.Transact(c))
	}
	return c.Send(s.Handle(c.Request))
}

func (s *Store) query(c *Call) bool {
	s.mu.Lock()
	rows, rev := slices.Clone(s.db(c.DB).executed), s.db(c.DB).rev
	if tx := s.txs[c.TxID]; tx != nil {
		for _, st := range tx.stmts {
			rows = append(rows, st.SQL)
		}
	}
	s.mu.Unlock()
	if r := failing([]wire.Stmt{{SQL: c.SQL}}); r != nil {
		return c.Send(r)
	}
	last := wire.OK()
	if c.Limit != nil && int64(len(rows)) > *c.Limit {
		rows, last.Truncated = rows[:*c.Limit], true
	}
	count, epoch := int64(len(rows)), "e1"
	last.Rev, last.Epoch, last.RowCount = &rev, &epoch, &count
	for at := 0; ; at += frameRows {
		r := wire.OK()
		if at+frameRows >= len(rows) {
			r = last
		}
		if at == 0 {
			r.Columns, r.Types = []string{"id", "sql"}, []string{"INTEGER", "TEXT"}
		}
		r.Rows, r.More = numbered(rows, at), r != last
		select {
		case <-c.Ended:
			return c.Send(wire.Failure(wire.Errorf(wire.CodeCancelled, "The query was cancelled.")))
		default:
		}
		if !c.Send(r) || r == last {
			return r == last
		}
	}
}

// numbered returns the rows of the frame that begins with row at.
func numbered(rows []string, at int) wire.Rows {
	text := []byte{'['}
	for i := at; i < min(at+frameRows, len(rows)); i++ {
		if i > at {
			text = append(text, ',')
		}
		text = append(wire.AppendValue(append(text, '['), wire.Value{Kind: wire.Integer, Int: int64(i + 1)}), ',')
		text = append(wire.AppendValue(text, wire.Value{Kind: wire.Text, Bytes: []byte(rows[i])}), ']')
	}
	return wire.RowsOf(append(text, ']'))
}

// transaction is what a client has begun and not ended.
type transaction struct {
	conn  *Conn
	stmts []wire.Stmt
}

// Transact does what a request of a transaction asks for, and returns the reply.
func (s *Store) Transact(c *Call) *wire.Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.tell()
	db := s.db(c.DB)
	if c.Type == wire.TypeBegin {
		return s.begin(c, db)
	}
	if record := db.records[c.RequestID]; c.Type == wire.TypeCommit && record != nil {
		r := *record
		r.Replayed = true
		return &r
	}
	tx := s.txs[c.TxID]
	if tx == nil || tx.conn != c.Conn || tx.conn.isGone() {
		return wire.Failure(wire.Errorf(wire.CodeTxExpired, "There is no transaction %q on this connection; nothing of it was committed: begin anew.", c.TxID))
	}
	r := wire.OK()
	switch c.Type {
	case wire.TypeExecBatch:
		if r := failing(c.Stmts); r != nil {
			return r
		}
		tx.stmts = append(tx.stmts, c.Stmts...)
		rows, last := int64(len(c.Stmts)), db.rows+int64(len(tx.stmts))
		r.RowsAffected, r.LastInsertRowID = &rows, &last
	case wire.TypeCommit:
		delete(s.txs, c.TxID)
		return db.exec(&wire.Request{Stmts: tx.stmts, RequestID: c.RequestID, Forget: c.Forget})
	default:
		delete(s.txs, c.TxID)
	}
	return r
}

func (s *Store) begin(c *Call, db *database) *wire.Reply {
	s.begun++
	r, rev, epoch := wire.OK(), db.rev, "e1"
	r.Tx, r.Rev, r.Epoch, r.IdleMS, r.LeaseMS = fmt.Sprintf("%s%d", wire.TxIDPrefix, s.begun), &rev, &epoch, 5000, 30_000
	s.txs[r.Tx] = &transaction{conn: c.Conn}
	return r
}

// tell wakes the subscribers; mu is held.
func (s *Store) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// subscribe tells what has changed until the call is ended.
func (s *Store) subscribe(c *Call) bool {
	seen := map[string]database{}
	first := wire.OK()
	first.Subscribed, first.More = true, true
	s.mu.Lock()
	for name, db := range s.dbs {
		seen[name] = *db
	}
	if c.HasDB {
		db, epoch := *s.db(c.DB), "e1"
		seen[c.DB] = db
		first.Rev, first.Epoch, first.State = &db.rev, &epoch, db.state
	}
	s.mu.Unlock()
	ok := c.Send(first)
	if c.Rev != nil && (*c.Rev != *first.Rev || c.Epoch != *first.Epoch) {
		r := event(c.DB, wire.EventCommit, *first.Rev)
		r.Missed = true
		ok = ok && c.Send(r)
	}
	for ok {
		events, changed := s.news(c, seen)
		for _, r := range events {
			ok = ok && c.Send(r)
		}
		select {
		case <-changed:
		case <-c.Ended:
			return c.Send(wire.Failure(wire.Errorf(wire.CodeCancelled, "The subscription was cancelled.")))
		}
	}
	return false
}

// news returns the events since seen, which it brings up to date, and what is
// closed when there may be more.
func (s *Store) news(c *Call, seen map[string]database) (events []*wire.Reply, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.dbs)) {
		db, before := s.dbs[name], seen[name]
		if c.HasDB && name != c.DB {
			continue
		}
		if db.rev > before.rev {
			r := event(name, wire.EventCommit, db.rev)
			r.Tables = []string{"stars"}
			events = append(events, r)
		}
		if before.state != "" && db.state != before.state {
			r := event(name, wire.EventMaintenance, db.rev)
			r.Change = strings.Replace(db.state, "open", wire.ChangeReopened, 1)
			events = append(events, r)
		}
		seen[name] = *db
	}
	return events, s.changed
}

func event(db, kind string, rev int64) *wire.Reply {
	r, epoch := wire.OK(), "e1"
	r.Event, r.Rev, r.Epoch, r.More = wire.Event{Event: kind, DB: db}, &rev, &epoch, true
	return r
}

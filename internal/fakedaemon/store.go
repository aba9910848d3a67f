package fakedaemon

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/skylinedb/skylinedb/wire"
)

// Version is what the fake says its version is.
const Version = "0.0.0-fake"

// Store answers as the daemon does, from memory. Each statement changes one
// row; one that begins with "fail" fails with SQL_ERROR.
type Store struct {
	dir string

	mu      sync.Mutex
	dbs     map[string]*database
	txs     map[string]*transaction
	begun   int
	changed chan struct{} // closed and replaced with each change
}

type database struct {
	state     string
	rev, rows int64
	records   map[string]*wire.Reply // by request id
	executed  []string               // the SQL of every statement
}

// NewStore returns an empty Store that says its databases are in dir.
func NewStore(dir string) *Store {
	return &Store{
		dir: dir, dbs: map[string]*database{}, txs: map[string]*transaction{}, changed: make(chan struct{}),
	}
}

// Executed returns the statements that were executed in db.
func (s *Store) Executed(db string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.db(db).executed)
}

// Records returns the number of request ids that db remembers.
func (s *Store) Records(db string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.db(db).records)
}

func (s *Store) db(name string) *database {
	db := s.dbs[name]
	if db == nil {
		db = &database{state: "open", records: map[string]*wire.Reply{}}
		s.dbs[name] = db
	}
	return db
}

// Handle is the store's [Handler].
func (s *Store) Handle(req *wire.Request) *wire.Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.tell()
	r, db := wire.OK(), &database{}
	if req.HasDB {
		db = s.db(req.DB)
	}
	rev, epoch := db.rev, "e1"
	switch req.Type {
	case wire.TypePing:
		r.Version, r.Protocol, r.Dir = Version, wire.Protocol, s.dir
		if req.HasDB {
			r.DBPath, r.State, r.Rev, r.Epoch = filepath.Join(s.dir, req.DB), db.state, &rev, &epoch
		}
	case wire.TypeExecBatch:
		return db.exec(req)
	case wire.TypePrepareForMaintenance:
		r.Already, r.Checkpointed = db.enter("preparing"), true
	case wire.TypeCloseDatabase:
		r.Already, r.Closed, r.ReadersRemaining = db.enter("closed"), true, new(bool)
	case wire.TypeReopenDatabase:
		r.Already, r.Reopened, r.Rev, r.Epoch = db.enter("open"), true, &rev, &epoch
	case wire.TypeStatus:
		r.Version, r.Dir, r.DaemonStatus = Version, s.dir, s.status()
	case wire.TypeShutdown:
	default:
		return wire.Failure(wire.Errorf(wire.CodeUnknownType, "There is no request type %q.", req.Type))
	}
	return r
}

func (db *database) enter(state string) (already bool) {
	already = db.state == state
	db.state = state
	return already
}

func (db *database) exec(req *wire.Request) *wire.Reply {
	if record := db.records[req.RequestID]; record != nil {
		r := *record
		r.Replayed = true
		return &r
	}
	if db.state != "open" {
		return wire.Failure(wire.Errorf(wire.CodeDatabaseClosed, "Database is closed for maintenance."))
	}
	if req.ExpectRev != nil && *req.ExpectRev != db.rev {
		rev := db.rev
		err := wire.Errorf(wire.CodeRevMismatch, "The rev is %d and not %d.", rev, *req.ExpectRev)
		err.Rev = &rev
		return wire.Failure(err)
	}
	if r := failing(req.Stmts); r != nil {
		return r
	}
	r := db.apply(req)
	for _, id := range req.Forget {
		delete(db.records, id)
	}
	if req.RequestID != "" {
		db.records[req.RequestID] = r
	}
	return r
}

// failing returns the failure of the first statement that fails.
func failing(stmts []wire.Stmt) *wire.Reply {
	for i, st := range stmts {
		if strings.HasPrefix(st.SQL, "fail") {
			err := wire.Errorf(wire.CodeSQLError, "UNIQUE constraint failed: stars.name.")
			err.SQLiteCode, err.StatementIndex = "SQLITE_CONSTRAINT_UNIQUE", &i
			return wire.Failure(err)
		}
	}
	return nil
}

// apply executes the statements of a batch, each once for each of its rows.
func (db *database) apply(req *wire.Request) *wire.Reply {
	r, before := wire.OK(), db.rows
	for _, st := range req.Stmts {
		times := 1
		if st.Rows != nil {
			times = st.Rows.Len()
		}
		for range times {
			db.executed = append(db.executed, st.SQL)
		}
		db.rows += int64(times)
		if req.Results {
			r.Results = append(r.Results, wire.StmtResult{RowsAffected: int64(times), LastInsertRowID: db.rows})
		}
	}
	if len(req.Stmts) > 0 {
		db.rev++
	}
	rev, rows, last := db.rev, db.rows-before, db.rows
	r.Rev, r.RowsAffected, r.LastInsertRowID = &rev, &rows, &last
	return r
}

func (s *Store) status() *wire.DaemonStatus {
	st := &wire.DaemonStatus{PID: os.Getpid(), UptimeMS: 90_000, Socket: "/tmp/s", Connections: 1}
	for name, db := range s.dbs {
		st.Databases = append(st.Databases, wire.DatabaseStatus{
			DB: name, DBPath: filepath.Join(s.dir, name), State: db.state, Worker: true,
			Rev: db.rev, Epoch: "e1", WALBytes: 4152, Batches: db.rev, Groups: db.rev,
		})
	}
	slices.SortFunc(st.Databases, func(a, b wire.DatabaseStatus) int { return strings.Compare(a.DB, b.DB) })
	st.Workers = len(st.Databases)
	return st
}

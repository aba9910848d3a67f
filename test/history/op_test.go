package history

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/skylinedb/skylinedb/wire"
)

// deed is what a statement does to the table t(k, v).
type deed string

// The deeds of statements.
const (
	create       deed = "create"         // the table, where there is none
	insert       deed = "insert"         // fails if there is k
	insertOrEnd  deed = "insert or end"  // likewise, and SQLite ends the transaction
	add          deed = "add"            // v to the value of k, which begins with 0
	remove       deed = "remove"         // k, if it is there
	raise        deed = "raise"          // every value by one
	negative     deed = "negative"       // always fails, by the table's CHECK
	look         deed = "look"           // at the table
	lookAway     deed = "look away"      // at nothing
	commit       deed = "commit"         // forbidden
	endless      deed = "endless"        // reads until its time is up
	endlessWrite deed = "endless insert" // writes until its time is up
)

const numbers = `(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c)`

// texts are the deeds in SQL, with k and v as parameters where they are used.
var texts = map[deed]struct {
	sql    string
	params int
}{
	create:       {`CREATE TABLE IF NOT EXISTS t(k INTEGER PRIMARY KEY, v INTEGER NOT NULL CHECK(v >= 0))`, 0},
	insert:       {`INSERT INTO t VALUES(?, ?)`, 2},
	insertOrEnd:  {`INSERT OR ROLLBACK INTO t VALUES(?, ?)`, 2},
	add:          {`INSERT INTO t VALUES(?, ?) ON CONFLICT(k) DO UPDATE SET v = v + excluded.v`, 2},
	remove:       {`DELETE FROM t WHERE k = ?`, 1},
	raise:        {`UPDATE t SET v = v + 1`, 0},
	negative:     {`INSERT INTO t VALUES(?, -1 - ?)`, 2},
	look:         {`SELECT count(*) FROM t`, 0},
	lookAway:     {`SELECT 1`, 0},
	commit:       {`COMMIT`, 0},
	endless:      {`SELECT max(n) FROM ` + numbers, 0},
	endlessWrite: {`INSERT INTO t SELECT max(n), 0 FROM ` + numbers, 0},
}

// stmt is a statement of a batch.
type stmt struct {
	Do deed `json:"do"`
	K  int  `json:"k,omitempty"`
	V  int  `json:"v,omitempty"`
}

func (s stmt) wire() wire.Stmt {
	text := texts[s.Do]
	args := []any{s.K, s.V}[:text.params]
	params, err := wire.NewParams(args...)
	if err != nil {
		panic(err) // integers are fine
	}
	return wire.Stmt{SQL: text.sql, Params: params}
}

// kind is the kind of an operation.
type kind string

// The kinds of operations. All but the last three are requests.
const (
	batch   kind = "batch"
	ping    kind = "ping"
	prepare kind = "prepare"
	closing kind = "close"
	reopen  kind = "reopen"
	read    kind = "read" // of the file, past the daemon
	kill    kind = "kill" // of the daemon
	over    kind = "over" // the end of the history
)

// expectation says which rev a batch expects.
type expectation string

// The expectations of batches.
const (
	anyRev   expectation = ""
	knownRev expectation = "known" // the last one that a client was told
	wrongRev expectation = "wrong"
)

// op is an operation of a program.
type op struct {
	Kind kind `json:"kind"`
	DB   int  `json:"db"`
	Lose bool `json:"lose,omitempty"` // hang up and do not read the reply

	// Of a batch.
	Stmts     []stmt      `json:"stmts,omitempty"`
	Each      bool        `json:"each,omitempty"` // statement by itself: tx none
	ID        string      `json:"id,omitempty"`
	Forget    []string    `json:"forget,omitempty"`
	Expect    expectation `json:"expect,omitempty"`
	Full      bool        `json:"full,omitempty"`
	TimeoutMS int         `json:"timeout_ms,omitempty"`

	Exclusive bool `json:"exclusive,omitempty"` // of close
}

// types are the requests' types on the wire.
var types = map[kind]wire.Type{
	batch: wire.TypeExecBatch, ping: wire.TypePing, prepare: wire.TypePrepareForMaintenance,
	closing: wire.TypeCloseDatabase, reopen: wire.TypeReopenDatabase,
}

// databaseName is the name of a program's database.
func databaseName(db int) string { return fmt.Sprintf("db%d.db", db) }

// request returns the body of the request that o is.
func (o *op) request(expect *int64) string {
	req := &wire.Request{
		Type: types[o.Kind], DB: databaseName(o.DB), HasDB: true,
		RequestID: o.ID, Forget: o.Forget, ExpectRev: expect,
		Timeout: time.Duration(o.TimeoutMS) * time.Millisecond, RequireExclusive: o.Exclusive,
	}
	if o.Each {
		req.Tx = wire.TxNone
	}
	if o.Full {
		req.Sync = wire.SyncFull
	}
	for _, s := range o.Stmts {
		req.Stmts = append(req.Stmts, s.wire())
	}
	return string(wire.AppendRequest(nil, req))
}

// identify notes what makes the batch the same as another one: statements with
// parameters, tx and expect_rev.
func (in *input) identify() {
	text, err := json.Marshal([]any{in.Stmts, in.Each, in.ExpRev})
	if err != nil {
		panic(err) // plain values
	}
	in.identity = string(text)
}

// effect reports whether o can change anything.
func (o *op) effect() bool {
	switch o.Kind {
	case ping, read:
		return false
	case batch:
		return len(o.Forget) > 0 || o.writes()
	}
	return true
}

// writes reports whether a batch has a statement that can write.
func (o *op) writes() bool {
	return slices.ContainsFunc(o.Stmts, func(s stmt) bool { return s.Do != look && s.Do != lookAway && s.Do != endless })
}

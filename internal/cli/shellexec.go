package cli

import (
	"context"
	"time"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// What a transaction is allowed that people or a pipe have begun: the most
// that the daemon gives.
const (
	txIdle  = time.Minute
	txLease = 10 * time.Minute
)

// execute executes one statement.
func (s *session) execute(ctx context.Context, sql string) error {
	word := append(words(sql, 3), "", "", "")
	switch word[0] {
	case "BEGIN":
		return s.begin(ctx)
	case "COMMIT", "END":
		return s.commit(ctx)
	case "ROLLBACK":
		if word[1] != "TO" && word[2] != "TO" {
			return s.rollback(ctx)
		}
	case "SELECT", "VALUES", "EXPLAIN":
		return s.read(ctx, sql)
	case "WITH", "PRAGMA": // these read or write
		if err := s.read(ctx, sql); wire.ErrorCode(err) != wire.CodeForbiddenStatement {
			return err
		}
	}
	return s.write(ctx, sql, word[0] == "VACUUM")
}

// source is what queries go to.
func (s *session) source() source {
	if s.tx != nil {
		return source{s.tx, s.p.db}
	}
	return source{s.c, s.p.db}
}

func (s *session) read(ctx context.Context, sql string) error {
	rows, err := s.source().query(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close() // that a transaction is lost shows at the next statement
	return s.print(resultOf(rows))
}

func (s *session) print(r result) error {
	stdout := s.p.out.stdout
	return s.p.out.print(r, stdout, s.mode, terminalWidth(stdout))
}

// write executes what may write: in the transaction, as a batch of its own, or,
// where people type, as a transaction of its own.
func (s *session) write(ctx context.Context, sql string, alone bool) error {
	b := client.Batch{Stmts: []client.Stmt{client.SQL(sql)}, Results: true}
	var res client.Result
	var err error
	switch {
	case s.tx != nil:
		res, err = s.tx.ExecBatch(ctx, b)
	case s.prompting && !alone:
		res, err = s.revocable(ctx, b)
	default:
		b.DB = s.p.db
		if alone {
			b.Tx = wire.TxNone
		}
		res, err = s.c.ExecBatch(ctx, b)
	}
	if err != nil {
		return err
	}
	for _, st := range res.Results {
		if st.Columns != nil {
			if err := s.print(result{st.Columns, st.All(), func() bool { return false }}); err != nil {
				return err
			}
		}
	}
	line := rows(res.RowsAffected)
	if s.tx == nil {
		line += ", rev " + number(res.Rev)
	}
	s.say(line)
	return nil
}

// revocable executes a batch in a transaction of its own. A batch goes on when
// nobody waits for it any more; a transaction ends with its connection, so that
// Ctrl-C takes back what runs.
func (s *session) revocable(ctx context.Context, b client.Batch) (client.Result, error) {
	tx, err := s.c.Begin(ctx, client.BeginOptions{DB: s.p.db, Idle: txIdle, Lease: txLease})
	if err != nil {
		return client.Result{}, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) // after Commit it does nothing
	res, err := tx.ExecBatch(ctx, b)
	if err != nil {
		return client.Result{}, err
	}
	done, err := tx.Commit(ctx)
	res.Rev = done.Rev
	return res, err
}

// say prints a line for people who type.
func (s *session) say(line string) {
	if s.prompting {
		s.p.out.done("%s", line)
	}
}

func (s *session) begin(ctx context.Context) (err error) {
	if s.tx != nil {
		return wire.Errorf(wire.CodeInvalidRequest, "A transaction is open already: COMMIT or ROLLBACK it first.")
	}
	s.tx, err = s.c.Begin(ctx, client.BeginOptions{DB: s.p.db, Idle: txIdle, Lease: txLease})
	if err == nil {
		s.say("transaction begun - other writers wait for its end")
	}
	return err
}

var errNoTransaction = wire.Errorf(wire.CodeInvalidRequest, "There is no transaction: BEGIN one first.")

func (s *session) commit(ctx context.Context) error {
	if s.tx == nil {
		return errNoTransaction
	}
	done, err := s.tx.Commit(ctx)
	if wire.ErrorCode(err) == wire.CodeUnavailable {
		return err // another COMMIT asks what came of it
	}
	s.tx = nil
	if err == nil {
		s.say("committed, rev " + number(done.Rev))
	}
	return err
}

func (s *session) rollback(ctx context.Context) error {
	if s.tx == nil {
		return errNoTransaction
	}
	err := s.tx.Rollback(ctx)
	s.tx = nil
	if err == nil {
		s.say("rolled back")
	}
	return err
}

package worker

import (
	"fmt"

	"github.com/skylinedb/skylinedb/wire"
)

// powerParts is the number of rows in p of a batch that is whole.
const powerParts = 3

// schemaBatch is the first batch: it makes the tables of the others.
//
// Each batch has its rows in p, which nothing makes unique, so that a batch
// that is there twice shows. The sum over account never changes. junk makes the
// file grow and shrink.
func schemaBatch() *powerBatch {
	return &powerBatch{parts: powerParts, req: withID("0", batchOf(
		`CREATE TABLE p(b INTEGER, part INTEGER)`,
		`CREATE TABLE account(k INTEGER PRIMARY KEY, v INTEGER)`,
		`CREATE TABLE junk(k INTEGER PRIMARY KEY, v BLOB)`,
		`INSERT INTO account SELECT value, 100 FROM json_each('[0,1,2,3,4,5,6,7]')`,
		powerRows(0, 0, 1, 2),
	))}
}

func powerRows(n int, parts ...int) (sql string) {
	for i, part := range parts {
		if i > 0 {
			sql += ", "
		}
		sql += fmt.Sprintf(`(%d, %d)`, n, part)
	}
	return `INSERT INTO p VALUES` + sql
}

// newBatch makes a random batch.
func (p *power) newBatch() *powerBatch {
	n := len(p.batches)
	b := &powerBatch{n: n, parts: powerParts, fails: p.r.IntN(8) == 0}
	from, to, size := p.r.IntN(8), p.r.IntN(8), p.r.IntN(1<<(6+p.r.IntN(9)))
	stmts := []string{
		powerRows(n, 0, 1),
		fmt.Sprintf(`UPDATE account SET v = v - 1 WHERE k = %d`, from),
		fmt.Sprintf(`INSERT OR REPLACE INTO junk VALUES(%d, zeroblob(%d))`, p.r.IntN(30), size),
		fmt.Sprintf(`DELETE FROM junk WHERE k %% 5 = %d`, p.r.IntN(40)),
		fmt.Sprintf(`UPDATE account SET v = v + 1 WHERE k = %d`, to),
		powerRows(n, 2),
	}
	b.req = batchOf(stmts...)
	switch {
	case b.fails:
		conflict := []string{"", "OR ROLLBACK"}[p.r.IntN(2)]
		b.req.Stmts = append(b.req.Stmts, wire.Stmt{SQL: `INSERT ` + conflict + ` INTO account VALUES(0, 1)`})
	case p.r.IntN(8) == 0:
		b.req = noneOf(powerRows(n, 0), powerRows(n, 1), stmts[2], powerRows(n, 2))
	}
	b.held = b.req.Tx == wire.TxAtomic && p.r.IntN(5) == 0
	if p.r.IntN(4) > 0 {
		b.req.RequestID = fmt.Sprint(n)
	}
	if p.r.IntN(4) == 0 {
		b.req.Sync = wire.SyncFull
	}
	if p.r.IntN(6) == 0 && !b.fails {
		p.forgetSome(b)
	}
	p.batches = append(p.batches, b)
	return b
}

// sendHeld sends a batch as a transaction, a statement at a time, and returns
// the reply that ended it.
func (p *power) sendHeld(b *powerBatch) *wire.Reply {
	x, r := p.begin(&wire.Request{Sync: b.req.Sync})
	if r.Err() != nil {
		return r
	}
	for _, st := range b.req.Stmts {
		if r := x.ask(&wire.Request{Type: wire.TypeExecBatch, Tx: wire.TxAtomic, Stmts: []wire.Stmt{st}}); r.Err() != nil {
			x.ask(&wire.Request{Type: wire.TypeRollback}) // unless it is over
			return r
		}
	}
	b.tx = x.tx.ID
	return x.ask(&wire.Request{Type: wire.TypeCommit, RequestID: b.req.RequestID, Forget: b.req.Forget})
}

// sendAgain sends a batch once more, which is there already if again says so.
func (p *power) sendAgain(b *powerBatch, again bool) *wire.Reply {
	switch {
	case !b.held:
		return p.do(b.req)
	case again:
		return p.do(&wire.Request{Type: wire.TypeCommit, TxID: b.tx, RequestID: b.req.RequestID})
	}
	return p.sendHeld(b)
}

// forgetSome makes b forget the records of batches that are there for good.
func (p *power) forgetSome(b *powerBatch) {
	for range 1 + p.r.IntN(3) {
		old := p.batches[p.r.IntN(len(p.batches))]
		if old.durable && old.n > 0 && old.req.RequestID != "" {
			b.forgets = append(b.forgets, old.n)
			b.req.Forget = append(b.req.Forget, old.req.RequestID)
		}
	}
}

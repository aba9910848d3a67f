package worker

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

// model is the table kv(k PRIMARY KEY, v) as a map.
type model map[int]int

// op is one statement on kv: its SQL, and what it does to the model. It
// reports the rows that it changed and whether it succeeded.
type op struct {
	sql   string
	apply func(m model) (rows int64, ok bool)
}

func insertOp(k, v int, conflict string) op {
	return op{fmt.Sprintf(`INSERT %s INTO kv VALUES(%d, %d)`, conflict, k, v), func(m model) (int64, bool) {
		if _, there := m[k]; there {
			return 0, false
		}
		m[k] = v
		return 1, true
	}}
}

func randomOp(r *rand.Rand) op {
	k, v := r.IntN(12), r.IntN(1000)
	switch r.IntN(8) {
	case 0, 1:
		return insertOp(k, v, "")
	case 2:
		return insertOp(k, v, "OR ROLLBACK")
	case 3:
		return op{fmt.Sprintf(`INSERT INTO kv VALUES(%d, %d) ON CONFLICT(k) DO UPDATE SET v = v + excluded.v`, k, v), func(m model) (int64, bool) {
			m[k] += v
			return 1, true
		}}
	case 4:
		return op{fmt.Sprintf(`DELETE FROM kv WHERE k = %d`, k), func(m model) (int64, bool) {
			_, there := m[k]
			delete(m, k)
			return map[bool]int64{true: 1}[there], true
		}}
	case 5:
		return op{fmt.Sprintf(`UPDATE kv SET v = v + 1 WHERE k < %d`, k), func(m model) (rows int64, _ bool) {
			for key := range m {
				if key < k {
					m[key]++
					rows++
				}
			}
			return rows, true
		}}
	case 6:
		return op{`UPDATE kv SET v = (v * 2) % 10007`, func(m model) (int64, bool) {
			for key := range m {
				m[key] = m[key] * 2 % 10007
			}
			return int64(len(m)), true
		}}
	default:
		return op{`SELECT * FROM kv`, func(model) (int64, bool) { return 0, true }}
	}
}

// modelBatch is a batch and what became of it.
type modelBatch struct {
	ops    []op
	atomic bool
	writes bool
	reply  *wire.Reply
	again  *wire.Reply // to the same request, sent once more
}

func randomBatch(r *rand.Rand) *modelBatch {
	b := &modelBatch{atomic: r.IntN(3) > 0}
	for range 1 + r.IntN(4) {
		o := randomOp(r)
		b.writes = b.writes || !strings.HasPrefix(o.sql, "SELECT")
		b.ops = append(b.ops, o)
	}
	return b
}

func (b *modelBatch) request(id string) *wire.Request {
	req := batchOf()
	if !b.atomic {
		req.Tx = wire.TxNone
	}
	for _, o := range b.ops {
		req.Stmts = append(req.Stmts, wire.Stmt{SQL: o.sql})
	}
	return withID(id, req)
}

// apply runs b on m and returns the outcome that it must have had.
func (b *modelBatch) apply(m model) (after model, rows int64, failed int) {
	after = maps.Clone(m)
	for i, o := range b.ops {
		n, ok := o.apply(after)
		if !ok && b.atomic {
			return m, 0, i
		}
		if !ok {
			return after, rows, i
		}
		rows += n
	}
	return after, rows, -1
}

// Several clients send random batches, each some of them twice. The revs order
// those that were committed: run in that order on the model they must have the
// outcomes that were told and leave the rows that are in the file.
func TestAgainstModel(t *testing.T) {
	const clients, rounds = 6, 120
	h := newHarness(t)
	h.cfg.groupTime = 0 // as it is in the daemon
	h.ok(batchOf(`CREATE TABLE kv(k INTEGER PRIMARY KEY, v)`))
	sent := make([][]*modelBatch, clients)
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(c), 7))
			for i := range rounds {
				b, id := randomBatch(r), fmt.Sprintf("c%d-%d", c, i)
				first := h.submit(b.request(id))
				if r.IntN(4) == 0 {
					second := h.submit(b.request(id))
					b.again = h.reply(second)
				}
				b.reply = h.reply(first)
				sent[c] = append(sent[c], b)
			}
		})
	}
	wg.Wait()
	checkModel(t, h, slices.Concat(sent...))
}

func checkModel(t *testing.T, h *harness, all []*modelBatch) {
	t.Helper()
	var committed []*modelBatch
	for _, b := range all {
		if b.again != nil && b.again.Replayed && (*b.again.Rev != *b.reply.Rev || *b.again.RowsAffected != *b.reply.RowsAffected) {
			t.Errorf("replayed %s, first %s", show(b.again), show(b.reply))
		}
		if b.again != nil && b.reply.Err() != nil && b.again.Err() == nil {
			b.reply = b.again // the failure left no record, and then it worked
		}
		if b.reply.Err() == nil && b.writes || b.reply.Err() != nil && !b.atomic && b.standing() {
			committed = append(committed, b)
		}
	}
	slices.SortFunc(committed, func(a, b *modelBatch) int { return int(*a.reply.Rev - *b.reply.Rev) })
	m := model{}
	for i, b := range committed {
		if want := int64(i) + 2; *b.reply.Rev != want {
			t.Fatalf("batch %d of the file's history has rev %d, want %d", i, *b.reply.Rev, want)
		}
		after, rows, failed := b.apply(m)
		m = after
		at := -1
		if b.reply.StatementIndex != nil {
			at = *b.reply.StatementIndex
		}
		if *b.reply.RowsAffected != rows || at != failed {
			t.Errorf("rev %d: %s, the model has %d rows and failure at %d", *b.reply.Rev, show(b.reply), rows, failed)
		}
	}
	var want []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		want = append(want, fmt.Sprintf("%d|%d", k, m[k]))
	}
	h.wantQuery(`SELECT k, v FROM kv ORDER BY k`, strings.Join(want, " "))
	h.wantQuery(`SELECT rev FROM _skylinedb_state`, fmt.Sprint(len(committed)+1))
	h.wantQuery(`PRAGMA integrity_check`, "ok")
	if len(committed) < len(all)/3 {
		t.Errorf("only %d of %d batches were committed: the test shows little", len(committed), len(all))
	}
}

// standing reports whether a batch that failed has a statement that wrote and
// stands.
func (b *modelBatch) standing() bool {
	for _, o := range b.ops[:*b.reply.StatementIndex] {
		if !strings.HasPrefix(o.sql, "SELECT") {
			return true
		}
	}
	return false
}

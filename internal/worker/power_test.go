package worker

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/internal/sqlite"
	"github.com/skylinedb/skylinedb/internal/sqlite/faultvfs"
	"github.com/skylinedb/skylinedb/test/tally"
	"github.com/skylinedb/skylinedb/wire"
)

// Random batches and maintenance on a disk that fails and then loses power,
// at any operation. What is left must be what was acknowledged: all of what
// was synced, the rest up to some rev, each batch whole, with its record.
func TestPowerFailure(t *testing.T) {
	seeds := make(chan uint64)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			looker := openOutside(t, ":memory:")
			for seed := range seeds {
				t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { powerRound(t, looker, seed) })
			}
		})
	}
	rounds := 2000
	if runtime.GOOS == "windows" {
		rounds = 200 // the disk is simulated, the same on every system
	}
	for seed := range tally.Rounds(rounds) {
		seeds <- seed
	}
	close(seeds)
	wg.Wait()
}

// power is one round: a database, its disk, and all that was asked of it.
type power struct {
	*harness
	looker  *outside // reads what is left
	r       *rand.Rand
	disk    *faultvfs.Disk
	batches []*powerBatch
	states  []string // that the database may be in
}

// powerBatch is a batch and what is known of it.
type powerBatch struct {
	n       int
	req     *wire.Request
	held    bool   // it is sent as a transaction over several requests
	tx      string // the last of those
	fails   bool   // on purpose, and leaves nothing
	forgets []int  // of other batches
	parts   int    // rows that it has in p if it is there

	acked   bool
	durable bool  // no power failure may take it
	doubt   bool  // sent, and nobody knows
	rev     int64 // that was told, 0 if none
}

func powerRound(t *testing.T, looker *outside, seed uint64) {
	h := newHarness(t)
	p := &power{harness: h, looker: looker, r: rand.New(rand.NewPCG(seed, 1)), disk: h.onFailingDisk(), states: []string{"open"}}
	h.cfg.Synchronous = []sqlite.Synchronous{sqlite.SyncNormal, sqlite.SyncFull}[p.r.IntN(2)]
	h.cfg.checkpointPages = 2 + p.r.IntN(40)
	p.batches = append(p.batches, schemaBatch())
	for range 1 + p.r.IntN(2)*p.r.IntN(2)*p.r.IntN(3) {
		p.cycle()
		if t.Failed() {
			return
		}
	}
	h.stop()
	p.judge()
	tally.Add(tally.Seeds, 1)
}

// cycle works until the power fails, looks at what is left, and sends again
// what got no answer.
func (p *power) cycle() {
	if p.r.IntN(3) > 0 {
		p.disk.CutPowerAt(1 + p.r.Int64N(500))
	}
	if p.r.IntN(2) == 0 {
		p.disk.Fail(randomPlan(p.r))
	}
	if first := p.batches[0]; !first.acked {
		p.send(first)
	}
	for range 1 + p.r.IntN(8) {
		p.step()
	}
	p.disk.CutPower()
	p.forget()
	loss := []faultvfs.Loss{faultvfs.LoseAll, faultvfs.LoseNone, faultvfs.LoseSome, faultvfs.LoseSome}[p.r.IntN(4)]
	if err := p.disk.Restore(p.r, loss); err != nil {
		p.t.Fatal(err)
	}
	tally.Add(tally.Crashes, 1)
	p.judge()
	if !p.t.Failed() {
		p.settle()
	}
}

// randomPlan fails some operations of a stretch of them, or many syncs of the
// log, where what was written is there all the same.
func randomPlan(r *rand.Rand) faultvfs.Plan {
	r = rand.New(rand.NewPCG(r.Uint64(), 2))
	if r.IntN(4) == 0 {
		return func(op faultvfs.Op) error {
			if op.Kind == faultvfs.Sync && op.OnLog() && r.IntN(3) == 0 {
				return faultvfs.EIO
			}
			return nil
		}
	}
	from := r.Int64N(200)
	to := from + 1 + r.Int64N(100)
	rate := []float64{0.02, 0.2, 1}[r.IntN(3)]
	kinds := []faultvfs.Kind{
		faultvfs.Open, faultvfs.Read, faultvfs.Write, faultvfs.Write, faultvfs.Truncate, faultvfs.Sync, faultvfs.Sync,
		faultvfs.Map, faultvfs.Remove, faultvfs.Create, faultvfs.Rename, faultvfs.SyncDir,
	}
	r.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	kinds = kinds[:1+r.IntN(len(kinds))]
	return func(op faultvfs.Op) error {
		if op.N < from || op.N >= to || !slices.Contains(kinds, op.Kind) || r.Float64() >= rate {
			return nil
		}
		return []error{faultvfs.EIO, faultvfs.ENOSPC, faultvfs.ErrShort}[r.IntN(3)]
	}
}

// step sends a few batches at once, or one command.
func (p *power) step() {
	switch p.r.IntN(12) {
	case 0:
		p.maintain(wire.TypePrepareForMaintenance, "preparing")
	case 1:
		p.maintain(wire.TypeCloseDatabase, "closed")
	case 2, 3, 4:
		p.maintain(wire.TypeReopenDatabase, "open")
	case 5:
		p.stop() // and the next call starts a worker, as after an idle end
	default:
		var burst []*powerBatch
		for range 1 + p.r.IntN(5) {
			burst = append(burst, p.newBatch())
		}
		p.send(burst...)
	}
}

// maintain sends a command and notes which states the database may be in.
func (p *power) maintain(typ wire.Type, to string) {
	reply := p.command(typ)
	switch {
	case reply.Err() == nil:
		p.states = []string{to}
		if to == "open" {
			break
		}
		for _, b := range p.batches {
			b.durable = b.durable || b.acked // the log is in the file
		}
	case reply.Code == wire.CodeInternal:
		tally.Violation(p.t, tally.Other, "%s: %s", typ, reply.Message)
	case reply.Code == wire.CodeIOError || reply.Code == wire.CodeDiskFull:
		p.states = append(p.states, to)
	}
}

// send sends batches and notes what they are told.
func (p *power) send(batches ...*powerBatch) {
	var calls []*Call
	for _, b := range batches {
		var call *Call
		if !b.held {
			call = p.submit(b.req)
		}
		calls = append(calls, call)
	}
	for i, b := range batches {
		var reply *wire.Reply
		if b.held {
			reply = p.sendHeld(b)
		} else {
			reply = p.reply(calls[i])
		}
		b.doubt = strings.Contains(reply.Message, "it cannot be told yet")
		switch {
		case reply.Err() == nil && b.fails:
			tally.Violation(p.t, tally.Other, "batch %d must fail: %s", b.n, show(reply))
		case reply.Err() == nil:
			p.acknowledge(b, reply)
		case b.req.Tx == wire.TxNone && reply.Rev != nil && *reply.RowsAffected > 0:
			b.parts = min(*reply.StatementIndex, 2) // what stands of it
			p.acknowledge(b, reply)
		case reply.Code == wire.CodeInternal:
			tally.Violation(p.t, tally.Other, "batch %d: %s", b.n, reply.Message)
		}
	}
}

func (p *power) acknowledge(b *powerBatch, reply *wire.Reply) {
	if reply.Replayed && b.rev != 0 && b.rev != *reply.Rev {
		tally.Violation(p.t, tally.Other, "batch %d: replayed with rev %d, it had %d", b.n, *reply.Rev, b.rev)
	}
	b.acked, b.rev = true, *reply.Rev
	b.durable = b.durable || b.req.Sync == wire.SyncFull || p.cfg.Synchronous == sqlite.SyncFull
}

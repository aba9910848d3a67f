package client

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"sync"
	"sync/atomic"
)

const (
	// maxAnswered bounds the ids that wait to be forgotten, over all
	// databases. The daemon lets go of what is never forgotten after a day.
	maxAnswered = 4096
	// forgetAtOnce bounds the ids that one batch carries. Each batch adds one,
	// so a burst is gone after a few batches.
	forgetAtOnce = 256
)

// requestIDs makes the ids of a client's batches: a random prefix that no
// other client shares, and a number.
type requestIDs struct {
	prefix string
	last   atomic.Uint64
}

func newRequestIDs() *requestIDs {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return &requestIDs{prefix: hex.EncodeToString(b[:])}
}

func (r *requestIDs) next() string {
	return r.prefix + "-" + strconv.FormatUint(r.last.Add(1), 10)
}

// answered holds, for each database, the ids of batches whose replies have
// arrived, until a later batch has told the daemon to forget them.
//
// An id comes in by add once its reply is there, so that a batch which is
// still being asked again is never in it. It leaves by take along with a
// batch, and comes back by add if that batch was not committed: to forget an
// id twice does no harm, to forget it too early would.
type answered struct {
	mu    sync.Mutex
	ids   map[string][]string
	count int
}

func newAnswered() *answered { return &answered{ids: map[string][]string{}} }

// add notes that the replies to ids have arrived. Beyond the bound it drops
// them, which costs the daemon a record for a day.
func (a *answered) add(db string, ids ...string) {
	if len(ids) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	ids = ids[:min(len(ids), maxAnswered-a.count)]
	a.ids[db] = append(a.ids[db], ids...)
	a.count += len(ids)
}

// take removes and returns the ids that the next batch to db shall carry, at
// most limit.
func (a *answered) take(db string, limit int) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.ids[db]
	n := min(len(all), max(limit, 0), forgetAtOnce)
	a.count -= n
	if n == len(all) {
		delete(a.ids, db)
		return all
	}
	a.ids[db] = all[n:]
	return all[:n:n]
}

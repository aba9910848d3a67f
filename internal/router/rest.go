package router

import (
	"time"
)

// restAfter is how long no request must come before the daemon rests.
const restAfter = 3 * time.Second

// used notes a request that counts as use of the daemon. It counts from the
// router's start: the time of day may be set meanwhile.
func (r *Router) used() {
	r.lastUse.Store(int64(time.Since(r.started)))
	r.expectRest(restAfter)
}

// unused returns how long no request has counted as use.
func (r *Router) unused() time.Duration {
	return time.Since(r.started) - time.Duration(r.lastUse.Load())
}

// expectRest has rest called after d, unless it will be anyway: one timer runs
// from the first request until no more have come for a while.
func (r *Router) expectRest(d time.Duration) {
	if r.cfg.Rest != nil && !r.restDue.Load() && !r.restDue.Swap(true) {
		time.AfterFunc(d, r.rest)
	}
}

// rest calls Config.Rest if no request has come for a while, and else later.
func (r *Router) rest() {
	if r.ctx.Err() != nil {
		return
	}
	left := restAfter - r.unused()
	if left <= 0 {
		r.cores.Rest()
		r.cfg.Rest()
		left = restAfter - r.unused() // somebody may have come meanwhile
	}
	r.restDue.Store(false)
	if left > 0 {
		r.expectRest(left)
	}
}

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
	if r.cfg.Rest != nil && !r.busyTime.Swap(true) {
		time.AfterFunc(restAfter, r.rest)
	}
}

// rest calls Config.Rest once no request has come for a while. One timer is
// under way from the first request until then.
func (r *Router) rest() {
	if left := restAfter - r.unused(); left > 0 && r.ctx.Err() == nil {
		time.AfterFunc(left, r.rest)
		return
	}
	r.busyTime.Store(false)
	if r.ctx.Err() == nil {
		r.cfg.Rest()
	}
}

// unused returns how long no request has counted as use.
func (r *Router) unused() time.Duration {
	return time.Since(r.started) - time.Duration(r.lastUse.Load())
}

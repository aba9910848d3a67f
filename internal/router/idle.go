package router

import (
	"time"

	"github.com/skylinedb/skylinedb/internal/transport"
)

// Times of an idle end.
const (
	// backlogTime is how long those who have connected already are accepted
	// after the socket is gone.
	backlogTime = 20 * time.Millisecond
	// greetTime is how long a client that has just connected may take for its
	// first request before an idle daemon leaves it.
	greetTime = time.Second
	// glance is how often the end looks at the clients it waits for.
	glance = 10 * time.Millisecond
)

// waitForEnd waits until Shutdown or until nobody has used the daemon for
// long enough, and reports which.
func (r *Router) waitForEnd() (idle bool) {
	if r.cfg.RouterIdle <= 0 {
		<-r.asked
		return false
	}
	timer := time.NewTimer(r.cfg.RouterIdle)
	defer timer.Stop()
	for {
		select {
		case <-r.asked:
			return false
		case <-timer.C:
		}
		left := r.cfg.RouterIdle - r.unused()
		if left <= 0 && !r.busy() {
			return true
		}
		timer.Reset(max(left, min(r.cfg.RouterIdle, time.Second)))
	}
}

// busy reports whether a worker lives that was asked for more than a Ping, or
// somebody waits for events.
func (r *Router) busy() bool {
	if r.feed.Len() > 0 {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.table {
		if e.w != nil && e.used {
			return true
		}
	}
	return false
}

// quiesce begins an idle end in a way that no client notices: the socket goes
// first, then those who have connected already get the time to ask. If one
// does, the end is called off and the socket comes back; the instance lock
// was held all the while, so nobody else has taken it.
func (r *Router) quiesce() (revoked bool, err error) {
	before := r.lastUse.Load()
	l := r.listener
	r.listener = nil
	if err := l.Unlink(); err != nil {
		r.cfg.Log.Warn("socket not removed", "error", err)
	}
	r.acceptBacklog(l)
	l.Close()
	r.waitForGreetings(before)
	if r.lastUse.Load() == before && !r.busy() {
		return false, nil
	}
	r.cfg.Log.Info("a request came: not ending")
	return true, r.listen()
}

// acceptBacklog accepts who has connected already and ends the accept loop.
func (r *Router) acceptBacklog(l *transport.Listener) {
	l.SetDeadline(time.Now().Add(backlogTime))
	r.accepts.Wait()
}

// waitForGreetings gives those who have just connected the time for their
// first request, or ends with a request that counts as use after before. What
// comes later than that on a connection that stands open keeps no daemon.
func (r *Router) waitForGreetings(before int64) {
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	for r.greeting() && r.lastUse.Load() == before {
		select {
		case <-ticker.C:
		case <-r.asked:
			return
		}
	}
}

func (r *Router) greeting() bool {
	for _, c := range r.connections() {
		if time.Since(c.opened) < greetTime {
			return true
		}
	}
	return false
}

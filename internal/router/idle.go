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
		left := time.Until(time.Unix(0, r.lastUse.Load()).Add(r.cfg.RouterIdle))
		if left <= 0 && !r.busy() {
			return true
		}
		timer.Reset(max(left, min(r.cfg.RouterIdle, time.Second)))
	}
}

// busy reports whether a worker lives.
func (r *Router) busy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live > 0
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
	r.waitForGreetings()
	if r.lastUse.Load() == before {
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

// waitForGreetings waits until no client has just connected or is owed a reply.
func (r *Router) waitForGreetings() {
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	for r.greeting() {
		select {
		case <-ticker.C:
		case <-r.asked:
			return
		}
	}
}

func (r *Router) greeting() bool {
	recent := time.Now().Add(-greetTime).UnixNano()
	for _, c := range r.connections() {
		if c.waiting.Load() > 0 || c.lastUse.Load() > recent {
			return true
		}
	}
	return false
}

package reader

import (
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/wire"
)

// usualLook is how often the marker is looked at where no events tell of it.
const usualLook = 250 * time.Millisecond

// watch lets go of the file when it goes into maintenance, and wakes those who
// wait when that ends. It is the Reader's one goroutine.
func (r *Reader) watch() {
	for r.ctx.Err() == nil {
		if r.opts.Events != nil {
			r.follow()
		}
		r.look()
		// Without a daemon there are no events. Whoever waits looks for himself.
		if r.pause(r.ctx, nil, usualLook) != nil {
			return
		}
	}
}

// follow takes the daemon's events until there are no more.
func (r *Reader) follow() {
	for event, err := range r.opts.Events(r.ctx) {
		if err != nil || r.ctx.Err() != nil {
			return
		}
		switch event.Change {
		case wire.ChangePreparing, wire.ChangeClosed:
			r.letGo()
		case wire.ChangeReplaced:
			r.renew()
		}
		r.wake()
	}
}

// look lets go of the file if its marker says so. An error of the marker's is
// for the next read to tell.
func (r *Reader) look() {
	if state, err := r.state(); err == nil && state != dbfile.Open {
		r.letGo()
	}
}

// wake lets everybody who waits look again.
func (r *Reader) wake() {
	r.mu.Lock()
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
}

// letGo closes the idle connections and asks the reads that run to end.
func (r *Reader) letGo() {
	r.mu.Lock()
	for c := range r.busy {
		if cancel := c.cancel; c.ending == nil {
			c.ending = time.AfterFunc(r.grace, func() { cancel(errMaintenance) })
		}
	}
	r.mu.Unlock()
	r.renew()
}

// renew closes the idle connections, and sees to it that those in use are not
// kept: what they have open is not what is read from now on.
func (r *Reader) renew() {
	r.mu.Lock()
	idle := r.idle
	r.idle = nil
	r.gen++
	r.mu.Unlock()
	for _, c := range idle {
		c.close()
	}
}

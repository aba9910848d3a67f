package router

import (
	"time"

	"github.com/skylinedb/skylinedb/internal/transport"
)

// Patience of a shutdown.
const (
	// finishTime is what running batches get before they are interrupted and
	// rolled back.
	finishTime = 30 * time.Second
	// flushTime is what clients get to read their last replies.
	flushTime = 5 * time.Second
)

// drain is the end, each step waited for: requests that come now are told so,
// workers answer what they have and close their databases, the socket goes,
// connections flush and close.
func (r *Router) drain() error {
	r.mu.Lock()
	r.draining = true
	r.mu.Unlock()
	r.stopWorkers()
	r.endSubs(shuttingDown())
	err := r.stopListening()
	r.closeConns()
	return err
}

// stopListening removes the socket, accepts those who have connected already,
// so that they are told and not cut off, and stops.
func (r *Router) stopListening() error {
	if r.listener == nil {
		return nil
	}
	l := r.listener
	r.listener = nil
	err := l.Unlink()
	r.acceptBacklog(l)
	if e := l.Close(); err == nil {
		err = e
	}
	return err
}

// closeConns lets each connection finish its replies and close.
func (r *Router) closeConns() {
	for _, c := range r.connections() {
		c.stopReading()
	}
	done := make(chan struct{})
	go func() {
		r.conns.Wait()
		close(done)
	}()
	select {
	case <-done:
		return
	case <-time.After(flushTime):
	}
	r.cancel()
	for _, c := range r.connections() {
		transport.HangUp(c.nc)
	}
	<-done
}

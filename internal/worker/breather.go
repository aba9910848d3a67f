package worker

import (
	"context"
	"time"
)

// Queries that overlap without a pause keep the log from ever being begun
// anew: each of them holds the part of it that it began with. So when it has
// grown long, queries that come now wait for those that run, for a while.
const (
	breatherPages = 8                      // times the length at which the log is moved into the file
	breatherTime  = 2 * time.Second        // for the queries that run
	breatherPoll  = 2 * time.Millisecond   // how often a worker with nothing to do looks
	breatherPause = 250 * time.Millisecond // from a breather that failed to the next
)

// breather is a pause of the queries. It is guarded by the mutex of readers.
type breather struct {
	over  chan struct{} // closed at its end; nil while there is none
	until time.Time
	next  time.Time // not before
}

// breathe begins a pause, if none is and one may be.
func (r *readers) breathe(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pause.over == nil && len(r.active) > 0 && now.After(r.pause.next) {
		r.pause.over, r.pause.until = make(chan struct{}), now.Add(breatherTime)
	}
}

// breathing reports whether queries are paused, and whether none runs any more.
func (r *readers) breathing() (paused, quiet bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pause.over != nil, len(r.active) == 0
}

// resume ends the pause once it has been used, or its time is over.
func (r *readers) resume(used bool, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pause.over == nil || !used && now.Before(r.pause.until) {
		return
	}
	close(r.pause.over)
	r.pause.over = nil
	if !used {
		r.pause.next = now.Add(breatherPause)
	}
}

// await waits for the end of a pause, at most until ctx ends.
func (r *readers) await(ctx context.Context) {
	r.mu.Lock()
	over := r.pause.over
	r.mu.Unlock()
	if over == nil {
		return
	}
	select {
	case <-over:
	case <-ctx.Done():
	}
}

// useBreather empties the log where queries are paused for that and none runs.
func (w *Worker) useBreather() {
	paused, quiet := w.readers.breathing()
	if !paused {
		return
	}
	done := false
	if quiet && w.db != nil && w.filesAreOurs() {
		var err error
		if done, err = w.db.CheckpointTruncate(w.abort, 0); err != nil {
			w.cfg.Log.Warn("checkpoint failed", "error", err)
			w.healFrom(err)
		}
		w.noteFiles()
	}
	w.readers.resume(done || quiet, time.Now())
}

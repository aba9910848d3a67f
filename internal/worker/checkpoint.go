package worker

import (
	"time"

	"github.com/skylinedb/skylinedb/internal/sqlite"
)

// Times of the checkpoint policy.
const (
	quiet      = time.Second      // without a commit before the log is emptied
	quietAgain = 10 * time.Second // until the next try, where readers stay
)

// logWarning is the length of a log, in pages, from which on the daemon warns
// that it cannot be emptied.
const logWarning = 16 * sqlite.AutoCheckpoint

// checkpointPolicy decides when the log goes into the file: between groups,
// without waiting for anyone, once it is long; and wholly, once it is quiet.
// https://sqlite.org/wal.html#ckpt
type checkpointPolicy struct {
	dirty bool      // the log holds what the file does not
	next  time.Time // when to empty the log if it stays quiet
	tried int       // pages in the log at the last passive checkpoint
	warn  int       // pages from which on the next warning is due
}

// committed notes a commit.
func (p *checkpointPolicy) committed(now time.Time) {
	p.dirty, p.next = true, now.Add(quiet)
}

// quietAt returns when the log is to be emptied, if it is.
func (p *checkpointPolicy) quietAt() (time.Time, bool) { return p.next, p.dirty }

// passiveDue reports whether a log of so many pages wants a passive checkpoint,
// where there is to be one for every so many.
// Readers may keep one from getting anywhere, so the next is due only after
// as many pages again.
func (p *checkpointPolicy) passiveDue(pages, every int) bool {
	if pages < p.tried {
		p.tried, p.warn = 0, logWarning // the log began anew
	}
	return pages-p.tried >= every
}

// warnDue reports whether a log of so many pages, which could not be moved,
// deserves a warning; each next one at twice the length.
func (p *checkpointPolicy) warnDue(pages int) bool {
	p.warn = max(p.warn, logWarning)
	if pages < p.warn {
		return false
	}
	p.warn = 2 * pages
	return true
}

// checkpointIfDue runs between groups, when all of the last one are answered.
func (w *Worker) checkpointIfDue() {
	w.useBreather()
	if w.db == nil || !w.ckpt.passiveDue(w.db.LogPages(), w.cfg.checkpointPages) || !w.filesAreOurs() {
		return
	}
	pages := w.db.LogPages()
	done, err := w.db.CheckpointPassive()
	w.ckpt.tried = pages
	w.noteFiles()
	if err == nil && pages >= breatherPages*w.cfg.checkpointPages {
		w.readers.breathe(time.Now())
	}
	switch {
	case err != nil:
		w.cfg.Log.Warn("checkpoint failed", "error", err)
		w.healFrom(err)
	case !done && w.ckpt.warnDue(pages):
		w.cfg.Log.Warn("the log grows: a reader of another process keeps it from being moved into the file", "pages", pages)
	}
}

// checkpointQuietly empties the log while there is nothing else to do.
func (w *Worker) checkpointQuietly() {
	w.ckpt.dirty = false
	if w.db == nil {
		return
	}
	if !w.filesAreOurs() {
		if w.db != nil {
			w.ckpt.dirty, w.ckpt.next = true, time.Now().Add(quietAgain)
		}
		w.publish()
		return
	}
	done, err := w.db.CheckpointTruncate(w.abort, 0)
	if err != nil {
		w.cfg.Log.Warn("checkpoint failed", "error", err)
		w.healFrom(err)
		return
	}
	w.noteFiles()
	if !done {
		w.ckpt.dirty, w.ckpt.next = true, time.Now().Add(quietAgain)
	}
	w.publish()
}

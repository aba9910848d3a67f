package worker

import (
	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/wire"
)

// counters count over the life of the daemon, not of one worker.
type counters struct {
	batches, groups, errors, replays, queries int64
}

// Snapshot is what a worker lets others see of its database. It never changes.
type Snapshot struct {
	Path  dbfile.Path
	State dbfile.State
	Rev   int64
	Epoch string
	Known bool // rev and epoch are those of the file, not left from before

	counters
	pending  string // of the revision, for the next worker
	identity dbfile.Identity
	harm     *harm
}

// Snapshot returns the last snapshot, nil before the first. What a reply
// tells is in the snapshot before the reply is sent.
func (w *Worker) Snapshot() *Snapshot { return w.snapshot.Load() }

func (w *Worker) publish() {
	if !w.state.known {
		return
	}
	rev, epoch := w.revAndEpoch()
	w.stats.queries = w.readers.count.Load()
	defer w.readers.reached(rev)
	w.snapshot.Store(&Snapshot{
		Path: w.cfg.Path, State: w.state.value, Rev: rev, Epoch: epoch,
		Known:    w.db != nil || w.state.value == dbfile.Closed,
		counters: w.stats, pending: w.rev.pending, identity: w.identity, harm: w.harm,
	})
}

// Status fills the row of Status for this database.
func (s *Snapshot) Status() wire.DatabaseStatus {
	return wire.DatabaseStatus{
		DB: s.Path.Name, DBPath: s.Path.File, State: string(s.State), Rev: s.Rev, Epoch: s.Epoch,
		Batches: s.batches, Groups: s.groups, Errors: s.errors, Replays: s.replays, Queries: s.queries,
	}
}

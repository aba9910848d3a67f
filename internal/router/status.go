package router

import (
	"os"
	"slices"
	"strings"
	"time"

	"github.com/skylinedb/skylinedb/internal/dbfile"
	"github.com/skylinedb/skylinedb/internal/worker"
	"github.com/skylinedb/skylinedb/wire"
)

// status tells what an operator asks first.
func (r *Router) status() *wire.Reply {
	reply := wire.OK()
	reply.Version, reply.Dir = r.cfg.Version, r.cfg.Root.Dir()
	reply.DaemonStatus = &wire.DaemonStatus{
		PID: os.Getpid(), UptimeMS: time.Since(r.started).Milliseconds(), Socket: r.cfg.Socket,
		Connections: len(r.connections()), Databases: []wire.DatabaseStatus{},
	}
	for _, d := range r.databases() {
		reply.Databases = append(reply.Databases, d)
		if d.Worker {
			reply.Workers++
		}
	}
	return reply
}

// databases returns a row for each database that has told its state.
func (r *Router) databases() []wire.DatabaseStatus {
	type seen struct {
		w *worker.Worker
		s *worker.Snapshot
	}
	var all []seen
	r.mu.Lock()
	for _, e := range r.table {
		s := seen{e.w, e.last}
		if e.w != nil {
			s.s = e.w.Snapshot()
		}
		if s.s == nil {
			s.s = &worker.Snapshot{Path: e.path, State: dbfile.Open}
		}
		all = append(all, s)
	}
	r.mu.Unlock()
	rows := make([]wire.DatabaseStatus, 0, len(all))
	for _, s := range all {
		row := s.s.Status()
		if row.Worker = s.w != nil; row.Worker {
			row.QueueDepth, row.Queries, row.Tx = s.w.QueueDepth(), s.w.Queries(), s.w.Holder()
		}
		row.WALBytes, _ = dbfile.LogSize(row.DBPath) // 0 where it cannot be told
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b wire.DatabaseStatus) int { return strings.Compare(a.DB, b.DB) })
	return rows
}

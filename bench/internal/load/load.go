// Package load is what all writers of the benchmark have in common, whatever
// they write with: what a batch is, how its time is taken, and how a writer
// that is a process of its own hears from its parent. It knows no SQLite, so
// that the writers with the C library, a module of their own, share it.
package load

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// The table that everybody writes to, and how.
const (
	CreateTable = `CREATE TABLE rows(id INTEGER PRIMARY KEY, client INTEGER, text TEXT)`
	InsertRow   = `INSERT INTO rows(client, text) VALUES(?, ?)`
	KeepRows    = `DELETE FROM rows WHERE id <= last_insert_rowid() - ?`
)

const rowText = "a row of about a hundred bytes, as an application's log or settings have them, and then some more"

// Job is what a writer does.
type Job struct {
	ID         int    // the client's number
	Socket, DB string // of a client of the daemon
	File       string // of a writer that has no daemon
	Sync       string // "full" or "normal", as SQLite's PRAGMA synchronous has it
	Statements int    // rows of a batch, each with a statement of its own; 0 is one
	Text       int    // bytes of a row's text, 0 for about a hundred
	Keep       int    // how many rows stay in the table, 0 for all; of clients of the daemon
	Anew       bool   // each batch has a connection, or an open file, of its own
}

// Rows returns how many rows a batch has.
func (j Job) Rows() int { return max(1, j.Statements) }

// RowText returns the text of each row.
func (j Job) RowText() string {
	if j.Text == 0 {
		return rowText
	}
	return strings.Repeat("x", j.Text)
}

// Writer writes one batch after the other.
type Writer interface {
	Write() error
	Close() error
}

// Sample is what one measurement gave.
type Sample struct {
	Latencies []time.Duration // of each acknowledged batch that began in time
	InTime    int             // batches that were acknowledged in time
	Errors    int             // batches that failed
	FirstErr  string
}

// Add adds what another client did in the same time.
func (s *Sample) Add(other Sample) {
	s.Latencies = append(s.Latencies, other.Latencies...)
	s.InTime += other.InTime
	s.fail(other.Errors, other.FirstErr)
}

func (s *Sample) fail(n int, text string) {
	s.Errors += n
	if s.FirstErr == "" {
		s.FirstErr = text
	}
}

// Note notes a batch that began and ended at these times.
func (s *Sample) Note(began, ended, end time.Time, err error) {
	if err != nil {
		s.fail(1, err.Error())
		return
	}
	s.Latencies = append(s.Latencies, ended.Sub(began))
	if !ended.After(end) {
		s.InTime++
	}
}

// Quantile returns the latency that the share q of all batches did not
// exceed, 0 where there were none. [Sample.Sort] must have been called.
func (s *Sample) Quantile(q float64) time.Duration {
	if len(s.Latencies) == 0 {
		return 0
	}
	return s.Latencies[min(len(s.Latencies)-1, int(q*float64(len(s.Latencies))))]
}

// Sort sorts the latencies.
func (s *Sample) Sort() { slices.Sort(s.Latencies) }

// Measure writes until end. What is on its way then is waited for.
func Measure(ctx context.Context, w Writer, end time.Time) Sample {
	var s Sample
	for now := time.Now(); now.Before(end); {
		err := w.Write()
		then := now
		now = time.Now()
		s.Note(then, now, end, err)
		if err != nil && ctx.Err() != nil {
			break
		}
	}
	return s
}

// Together lets writers write at once, for so long.
func Together[W Writer](ctx context.Context, writers []W, d time.Duration) Sample {
	var wg sync.WaitGroup
	samples := make([]Sample, len(writers))
	end := time.Now().Add(d)
	for i, w := range writers {
		wg.Go(func() { samples[i] = Measure(ctx, w, end) })
	}
	wg.Wait()
	var total Sample
	for _, s := range samples {
		total.Add(s)
	}
	return total
}

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/skylinedb/skylinedb/bench/internal/load"
)

// inFlight is how many batches a connection of the scenario pipeline has on
// its way; the daemon reads as many ahead.
const inFlight = 64

var (
	nameOneConn   = fmt.Sprintf("one connection, %d in flight", inFlight)
	nameManyConns = fmt.Sprintf("%d connections, one in flight each", inFlight)
)

// pipeline compares one connection with many.
func pipeline(_ context.Context, a *arena) ([]contest, error) {
	var all []contest
	for _, durability := range durabilities {
		w := work{inFlight, load.Job{Sync: string(durability)}}
		all = append(all, contest{
			name: pipelineContest(string(durability)), sync: string(durability), columns: writeColumns("64 connections"), beside: nameManyConns,
			contestants: []contestant{a.pipelined(w), a.bare(nameManyConns, w)},
		})
	}
	return all, nil
}

func pipelineContest(durability string) string { return "synchronous=" + durability }

// pipelined is one client that has w.clients batches in flight.
func (a *arena) pipelined(w work) contestant {
	return contestant{nameOneConn, func(ctx context.Context) (figures, error) {
		return a.withDaemon(ctx, func(d *daemon) (f figures, err error) {
			if err := d.newDatabase(ctx, dbName); err != nil {
				return nil, err
			}
			conn, err := newBareWriter(w.jobsAt(d, dbName)[0])
			if err != nil {
				return nil, err
			}
			defer func() { err = errors.Join(err, conn.Close()) }()
			return d.measure(a.length, func() (load.Sample, error) {
				return conn.stream(w.clients, time.Now().Add(a.length))
			})
		})
	}}
}

// stream keeps n batches in flight until end. It sends the next ones, as many
// as have been answered, when it has read all replies that are there.
func (w *bareWriter) stream(n int, end time.Time) (s load.Sample, err error) {
	var sent []time.Time // when each that is in flight was sent, the oldest first
	var out []byte
	for now := time.Now(); ; {
		out = out[:0]
		for now.Before(end) && len(sent) < n {
			out = append(out, w.frame...)
			sent = append(sent, now)
		}
		if len(sent) == 0 {
			return s, nil
		}
		if _, err := w.conn.Write(out); err != nil {
			return s, err
		}
		for first := true; len(sent) > 0 && (first || w.r.Buffered() > 0); first = false {
			err := w.reply()
			now = time.Now()
			s.Note(sent[0], now, end, err)
			sent = append(sent[:0], sent[1:]...)
		}
	}
}

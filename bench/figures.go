package main

import (
	"slices"
	"time"

	"github.com/skylinedb/skylinedb/bench/internal/load"
)

// figures are what one measurement gave, by the names of columns. Durations
// are in seconds, sizes in bytes. What could not be measured is not there.
type figures map[string]float64

// The figures that most measurements have.
const (
	figBatches = "batches/s"
	figP50     = "p50"
	figP99     = "p99"
	figP999    = "p99.9"
	figMin     = "min"
	figMax     = "max"
	figErrors  = "errors"
	figCPU     = "server CPU/batch"
)

// figuresOf makes figures of a sample that lasted d.
func figuresOf(s load.Sample, d time.Duration) figures {
	s.Sort()
	f := figures{figErrors: float64(s.Errors), figBatches: float64(s.InTime) / d.Seconds()}
	if len(s.Latencies) > 0 {
		f[figP50] = s.Quantile(0.5).Seconds()
		f[figP99] = s.Quantile(0.99).Seconds()
		f[figP999] = s.Quantile(0.999).Seconds()
		f[figMax] = s.Quantile(1).Seconds()
	}
	return f
}

// series are the measurements of one contestant, a round each.
type series struct {
	Scenario, Contest, Contestant string
	Sync                          string
	Clients                       int

	columns []column
	rounds  []figures
}

// values returns a figure of all rounds that have it, sorted.
func (s series) values(figure string) (all []float64) {
	for _, f := range s.rounds {
		if v, ok := f[figure]; ok {
			all = append(all, v)
		}
	}
	slices.Sort(all)
	return all
}

// median returns the median of a figure over the rounds, if any has it.
func (s series) median(figure string) (float64, bool) {
	all := s.values(figure)
	if len(all) == 0 {
		return 0, false
	}
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2, true
}

// results are the series of a run.
type results []series

// find returns the median of a figure of a contestant, if it was measured.
func (r results) find(scenario, contest, contestant, figure string) (float64, bool) {
	for _, s := range r {
		if s.Scenario == scenario && s.Contest == contest && s.Contestant == contestant {
			return s.median(figure)
		}
	}
	return 0, false
}

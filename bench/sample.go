package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// sample is what one measurement gave.
type sample struct {
	Latencies []time.Duration // of each acknowledged batch
	Elapsed   time.Duration
	Errors    int // batches that failed
}

// merge adds the latencies and errors of another client to s.
func (s *sample) merge(other sample) {
	s.Latencies = append(s.Latencies, other.Latencies...)
	s.Errors += other.Errors
}

func (s sample) throughput() float64 { return float64(len(s.Latencies)) / s.Elapsed.Seconds() }

// quantile returns the latency that the share q of all batches did not exceed.
// The latencies are sorted.
func (s sample) quantile(q float64) time.Duration {
	if len(s.Latencies) == 0 {
		return 0
	}
	return s.Latencies[min(len(s.Latencies)-1, int(q*float64(len(s.Latencies))))]
}

// median returns the median over samples of a figure.
func median(samples []sample, figure func(sample) float64) float64 {
	var all []float64
	for _, s := range samples {
		all = append(all, figure(s))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// report prints a row per contestant and how the others compare with the last.
func report(w io.Writer, names []string, results [][]sample) {
	for _, samples := range results {
		for _, s := range samples {
			slices.Sort(s.Latencies)
		}
	}
	last := results[len(results)-1]
	throughput := func(s sample) float64 { return s.throughput() }
	worst := func(s sample) float64 { return float64(s.quantile(1)) }
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "contestant\tbatches/s\tp50\tp99\tworst\terrors\tthroughput\tworst wait\t")
	for i, samples := range results {
		at := func(q float64) time.Duration {
			return time.Duration(median(samples, func(s sample) float64 { return float64(s.quantile(q)) })).Round(10 * time.Microsecond)
		}
		errors := 0
		for _, s := range samples {
			errors += s.Errors
		}
		fmt.Fprintf(t, "%s\t%.0f\t%v\t%v\t%v\t%d\t%.1fx\t%.3fx\t\n", names[i], median(samples, throughput),
			at(0.5), at(0.99), at(1), errors,
			median(samples, throughput)/median(last, throughput), median(samples, worst)/median(last, worst))
	}
	t.Flush()
	fmt.Fprintf(w, "\nThe last two columns compare with %q.\n", names[len(names)-1])
}

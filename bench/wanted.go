package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/skylinedb/skylinedb/wire"
)

// target is something that the project wants of its figures.
type target struct {
	text    string
	value   func(results) (float64, bool)
	format  func(float64) string
	atLeast bool // otherwise at most
	limit   float64
}

// printTargets says of each target whether it is met.
func printTargets(out io.Writer, all results) {
	fmt.Fprintf(out, "\nwhat is wanted\n\n")
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, one := range targets() {
		bound := "at most "
		if one.atLeast {
			bound = "at least "
		}
		v, ok := one.value(all)
		verdict, text := "MISSED", "-"
		switch {
		case !ok:
			verdict = "not measured"
		case one.atLeast && v >= one.limit, !one.atLeast && v <= one.limit:
			verdict = "met"
		}
		if ok {
			text = one.format(v)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", verdict, one.text, text, bound+one.format(one.limit))
	}
	t.Flush()
}

func targets() []target {
	full64, full16, normal16 := writesContest(wire.SyncFull, 64), writesContest(wire.SyncFull, 16), writesContest(wire.SyncNormal, 16)
	one := writesContest(wire.SyncNormal, 1)
	return []target{
		{"64 clients, full: batches/s to direct writers", beside("writes", full64, nameBare, nameDirect, figBatches), formatRatio, true, 10},
		{"64 clients, full: the worst wait to direct writers'", beside("writes", full64, nameBare, nameDirect, figMax), formatRatio, false, 0.01},
		{"64 clients, full: batches/s to the ceiling", beside("writes", full64, nameBare, nameCeiling, figBatches), formatRatio, true, 1.0 / 3},
		{"64 clients, full: the daemon's processor time of a batch", value("writes", full64, nameBare, figCPU), formatSeconds, false, 10e-6},
		{"16 clients, full: batches/s to direct writers", beside("writes", full16, nameBare, nameDirect, figBatches), formatRatio, true, 4},
		{"16 clients, normal: batches/s to direct writers", beside("writes", normal16, nameBare, nameDirect, figBatches), formatRatio, true, 1},
		{"16 clients, normal: p99.9 to direct writers'", beside("writes", normal16, nameBare, nameDirect, figP999), formatRatio, false, 0.1},
		{"1 client, normal: p50 to the echo's", beside("writes", one, nameBare, nameEcho, figP50), formatRatio, false, 2.5},
		{"one connection to 64, normal", pipelineTarget(wire.SyncNormal), formatRatio, true, 0.6},
		{"one connection to 64, full", pipelineTarget(wire.SyncFull), formatRatio, true, 0.6},
		{"autostart: the median", value("autostart", "", nameAutostart, figP50), formatSeconds, false, 60e-3},
		{"idle daemon", memoryTarget(memIdle), formatBytes, false, 15 << 20},
		{"an idle connection", memoryTarget(memConn), formatBytes, false, 12 << 10},
		{"an open database", memoryTarget(memDatabase), formatBytes, false, 500 << 10},
		{"ten seconds after the load, above idle and a tenth", memoryComesBack, formatBytes, false, 5 << 20},
	}
}

func value(scenario, contest, contestant, figure string) func(results) (float64, bool) {
	return func(r results) (float64, bool) { return r.find(scenario, contest, contestant, figure) }
}

// beside is the ratio of one contestant's figure to another's.
func beside(scenario, contest, contestant, other, figure string) func(results) (float64, bool) {
	return func(r results) (float64, bool) {
		mine, ok := r.find(scenario, contest, contestant, figure)
		theirs, known := r.find(scenario, contest, other, figure)
		if !ok || !known || theirs == 0 {
			return 0, false
		}
		return mine / theirs, true
	}
}

func pipelineTarget(durability wire.Sync) func(results) (float64, bool) {
	return beside("pipeline", pipelineContest(string(durability)), nameOneConn, nameManyConns, figBatches)
}

func memoryTarget(figure string) func(results) (float64, bool) {
	return value("memory", "", nameMemory, figure)
}

// memoryComesBack is how much more the daemon has after its load than a tenth
// above what it had before.
func memoryComesBack(r results) (float64, bool) {
	idle, ok := memoryTarget(memIdle)(r)
	later, known := memoryTarget(memLater)(r)
	return later - 1.1*idle, ok && known
}

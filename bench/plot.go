package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// writePlots writes how throughput and latency depend on the number of clients
// in the scenario writes, a file for each durability.
func writePlots(dir string, all results) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, durability := range durabilities {
		throughput := chart{title: "batches per second, synchronous=" + string(durability), format: formatCount}
		latency := chart{title: "latency, synchronous=" + string(durability) + " (solid: p50, dashed: p99.9)", format: formatSeconds}
		for _, name := range contestantsOf(all, string(durability)) {
			throughput.add(name, false, points(all, string(durability), name, figBatches))
			latency.add(name, false, points(all, string(durability), name, figP50))
			latency.add(name, true, points(all, string(durability), name, figP999))
		}
		if len(throughput.lines) == 0 {
			continue // was not measured
		}
		for kind, c := range map[string]chart{"throughput": throughput, "latency": latency} {
			file := filepath.Join(dir, kind+"-"+string(durability)+".svg")
			if err := os.WriteFile(file, []byte(c.svg()), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// contestantsOf returns who took part in the scenario writes.
func contestantsOf(all results, durability string) (names []string) {
	for _, s := range all {
		if s.Scenario == "writes" && s.Sync == durability && !slices.Contains(names, s.Contestant) {
			names = append(names, s.Contestant)
		}
	}
	return names
}

// points returns a figure of a contestant by the number of clients.
func points(all results, durability, contestant, figure string) (at []point) {
	for _, s := range all {
		if s.Scenario == "writes" && s.Sync == durability && s.Contestant == contestant {
			if v, ok := s.median(figure); ok && v > 0 {
				at = append(at, point{float64(s.Clients), v})
			}
		}
	}
	slices.SortFunc(at, func(a, b point) int { return int(a.x - b.x) })
	return at
}

// formatCount writes 20000 as 20k.
func formatCount(v float64) string {
	if v >= 1000 {
		return strings.TrimSuffix(perSecond.format(v), "000") + "k"
	}
	return strings.TrimSuffix(perSecond.format(v), ".0")
}

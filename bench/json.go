package main

import (
	"encoding/json"
	"os"
)

// jsonSeries and jsonFigure are how figures are written to a file.
type jsonSeries struct {
	Scenario   string       `json:"scenario"`
	Contest    string       `json:"contest,omitempty"`
	Sync       string       `json:"sync,omitempty"`
	Clients    int          `json:"clients,omitempty"`
	Contestant string       `json:"contestant"`
	Figures    []jsonFigure `json:"figures"`
}

type jsonFigure struct {
	Name   string    `json:"name"`
	Unit   unit      `json:"unit"`
	Median float64   `json:"median"`
	Rounds []float64 `json:"rounds"`
}

// writeJSON writes all figures, and what they depend on.
func writeJSON(file string, m machine, o options, all results) error {
	report := struct {
		Machine machine      `json:"machine"`
		Rounds  int          `json:"rounds"`
		Seconds float64      `json:"seconds"`
		Results []jsonSeries `json:"results"`
	}{Machine: m, Rounds: o.rounds, Seconds: o.length.Seconds()}
	for _, s := range all {
		report.Results = append(report.Results, s.json())
	}
	text, err := json.MarshalIndent(report, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

func (s series) json() jsonSeries {
	js := jsonSeries{Scenario: s.Scenario, Contest: s.Contest, Sync: s.Sync, Clients: s.Clients, Contestant: s.Contestant}
	for _, c := range s.columns {
		middle, ok := s.median(c.name)
		if !ok || c.ratio != "" {
			continue
		}
		f := jsonFigure{Name: c.name, Unit: c.unit, Median: middle}
		for _, round := range s.rounds {
			if v, ok := round[c.name]; ok {
				f.Rounds = append(f.Rounds, v)
			}
		}
		js.Figures = append(js.Figures, f)
	}
	return js
}

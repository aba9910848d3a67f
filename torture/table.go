package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/skylinedb/skylinedb/test/tally"
)

var (
	tried = []tally.Count{tally.Seeds, tally.Crashes, tally.Histories, tally.Kills, tally.Replacements, tally.Inputs, tally.Intrusions}
	found = []tally.Count{tally.Lost, tally.Doubled, tally.Torn, tally.Corrupt, tally.LetIn, tally.Other}
)

// printTable prints what the machines tried and found, and of those that have
// failed what they said. It fails if one has.
func printTable(w io.Writer, chosen []*machine) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	columns := append(append([]tally.Count{}, tried...), found...)
	fmt.Fprint(tw, "machine\t")
	for _, c := range columns {
		fmt.Fprintf(tw, "%s\t", c)
	}
	total := map[tally.Count]int64{}
	for _, m := range chosen {
		printRow(tw, m.name, columns, m.counts)
		for c, n := range m.counts {
			total[c] += n
		}
	}
	printRow(tw, "all", columns, total)
	fmt.Fprintln(tw)
	if err := tw.Flush(); err != nil {
		return err
	}
	return failures(w, chosen)
}

func printRow(w io.Writer, name string, columns []tally.Count, counts map[tally.Count]int64) {
	fmt.Fprintf(w, "\n%s\t", name)
	for _, c := range columns {
		fmt.Fprintf(w, "%d\t", counts[c])
	}
}

// lastWords is how much of a failed machine's output is printed, in bytes.
const lastWords = 16 << 10

func failures(w io.Writer, chosen []*machine) error {
	var failed error
	for _, m := range chosen {
		if m.err == nil {
			continue
		}
		failed = errors.Join(failed, fmt.Errorf("%s: %w", m.name, m.err))
		text, err := os.ReadFile(m.output)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "\n%s has failed:\n%s\n", m.name, text[max(0, len(text)-lastWords):])
	}
	return failed
}

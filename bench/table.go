package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// unit says how a figure is printed.
type unit string

const (
	perSecond unit = "1/s"
	inSeconds unit = "s"
	inBytes   unit = "bytes"
	counted   unit = "count" // added up over the rounds
)

// column is one figure in a table.
type column struct {
	name   string
	unit   unit
	spread bool   // least and most are shown as well
	ratio  string // instead: how this figure compares with that of contest.beside
}

// writeColumns are those of contestants that write batches.
func writeColumns(beside string) []column {
	return append(latencyColumns,
		column{name: figErrors, unit: counted}, column{name: figCPU, unit: inSeconds},
		column{name: "throughput to " + beside, ratio: figBatches}, column{name: "max", ratio: figMax})
}

var latencyColumns = []column{
	{name: figBatches, unit: perSecond, spread: true}, {name: figP50, unit: inSeconds}, {name: figP99, unit: inSeconds},
	{name: figP999, unit: inSeconds, spread: true}, {name: figMax, unit: inSeconds},
}

// print prints the contest's table.
func (c contest) print(out io.Writer, all results) {
	fmt.Fprintln(out)
	if c.name != "" {
		fmt.Fprintf(out, "%s\n", c.name)
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	if c.list {
		for _, col := range c.columns {
			for _, s := range all {
				fmt.Fprintf(t, "%s\t%s\t\n", col.name, c.cell(s, col, all))
			}
		}
	} else {
		fmt.Fprint(t, "\t")
		for _, col := range c.columns {
			fmt.Fprintf(t, "%s\t", col.name)
		}
		fmt.Fprintln(t)
		for _, s := range all {
			fmt.Fprintf(t, "%s\t", s.Contestant)
			for _, col := range c.columns {
				fmt.Fprintf(t, "%s\t", c.cell(s, col, all))
			}
			fmt.Fprintln(t)
		}
	}
	t.Flush()
	if c.note != "" {
		fmt.Fprintln(out, c.note)
	}
}

// cell returns the text of one figure of one contestant.
func (c contest) cell(s series, col column, all results) string {
	if col.ratio != "" {
		return c.ratio(s, col.ratio, all)
	}
	values := s.values(col.name)
	if len(values) == 0 {
		return "-"
	}
	if col.unit == counted {
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		return col.unit.format(sum)
	}
	middle, _ := s.median(col.name)
	text := col.unit.format(middle)
	if col.spread && len(values) > 1 {
		text += fmt.Sprintf(" (%s–%s)", col.unit.format(values[0]), col.unit.format(values[len(values)-1]))
	}
	return text
}

func (c contest) ratio(s series, figure string, all results) string {
	for _, beside := range all {
		if beside.Contestant != c.beside {
			continue
		}
		mine, ok := s.median(figure)
		other, known := beside.median(figure)
		if ok && known && other != 0 {
			return formatRatio(mine / other)
		}
	}
	return "-"
}

func (u unit) format(v float64) string {
	switch u {
	case inSeconds:
		return formatSeconds(v)
	case inBytes:
		return formatBytes(v)
	case perSecond:
		if v < 10 {
			return fmt.Sprintf("%.1f", v)
		}
	}
	return fmt.Sprintf("%.0f", v)
}

// formatSeconds has three digits that count.
func formatSeconds(v float64) string {
	d := time.Duration(v * float64(time.Second))
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}

func formatBytes(v float64) string {
	switch {
	case v >= 1<<30 || v <= -1<<30:
		return fmt.Sprintf("%.1f GB", v/(1<<30))
	case v >= 10<<20 || v <= -10<<20:
		return fmt.Sprintf("%.0f MB", v/(1<<20))
	case v >= 1<<20 || v <= -1<<20:
		return fmt.Sprintf("%.1f MB", v/(1<<20))
	case v >= 10<<10 || v <= -10<<10:
		return fmt.Sprintf("%.0f KB", v/(1<<10))
	case v >= 1<<10 || v <= -1<<10:
		return fmt.Sprintf("%.1f KB", v/(1<<10))
	}
	return fmt.Sprintf("%.0f bytes", v)
}

func formatRatio(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0fx", v)
	case v >= 10:
		return fmt.Sprintf("%.1fx", v)
	case v >= 0.1:
		return fmt.Sprintf("%.2fx", v)
	}
	return fmt.Sprintf("%.4fx", v)
}

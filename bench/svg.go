package main

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// chart is a picture with lines over logarithmic axes.
type chart struct {
	title  string
	format func(float64) string // of the numbers at the side
	lines  []line
}

type line struct {
	name   string
	dashed bool
	at     []point
}

type point struct{ x, y float64 }

// The picture's measures. The legend is at the right of what is plotted.
const (
	chartWidth, chartHeight   = 820, 440
	plotLeft, plotRight       = 70, 590
	plotTop, plotBottom       = 40, 390
	legendLeft, legendSpacing = 610, 20
)

// Colors that can be seen on white and on black: the picture has no ground of
// its own.
const gray = "#7a7a7a"

var palette = []string{"#2f86eb", "#8a63d2", "#1f9d8f", "#d9480f", "#c2941a", "#d6409f", "#7f8790", "#4f9d3a"}

func (c *chart) add(name string, dashed bool, at []point) {
	if len(at) > 0 {
		c.lines = append(c.lines, line{name, dashed, at})
	}
}

// scale maps numbers to places in the picture, by their logarithms.
type scale struct{ low, high, from, to float64 }

func (s scale) place(v float64) float64 {
	if s.low == s.high {
		return (s.from + s.to) / 2
	}
	return s.from + (s.to-s.from)*math.Log(v/s.low)/math.Log(s.high/s.low)
}

// svg returns the picture.
func (c *chart) svg() string {
	x, y := c.scales()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="%s">`+"\n", chartWidth, chartHeight, gray)
	text(&b, plotLeft, plotTop-16, "start", c.title)
	for _, v := range decimals(y.low, y.high) {
		grid(&b, plotLeft, y.place(v), plotRight, y.place(v))
		text(&b, plotLeft-6, y.place(v)+4, "end", c.format(v))
	}
	for _, v := range c.columns() {
		grid(&b, x.place(v), plotTop, x.place(v), plotBottom)
		text(&b, x.place(v), plotBottom+18, "middle", fmt.Sprint(v))
	}
	text(&b, (plotLeft+plotRight)/2, plotBottom+38, "middle", "clients")
	var names []string
	for _, l := range c.lines {
		if !slices.Contains(names, l.name) {
			names = append(names, l.name)
		}
		l.draw(&b, x, y, palette[slices.Index(names, l.name)%len(palette)])
	}
	for i, name := range names {
		at := float64(plotTop + 10 + i*legendSpacing)
		fmt.Fprintf(&b, `<path d="M%d %.1fh20" stroke="%s" stroke-width="3"/>`+"\n", legendLeft, at-4, palette[i%len(palette)])
		text(&b, legendLeft+26, at, "start", name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// scales returns the axes: the numbers of clients, and round numbers around
// all that is shown.
func (c *chart) scales() (x, y scale) {
	x = scale{math.Inf(1), 0, plotLeft + 10, plotRight - 10}
	y = scale{math.Inf(1), 0, plotBottom, plotTop}
	for _, l := range c.lines {
		for _, p := range l.at {
			x.low, x.high = min(x.low, p.x), max(x.high, p.x)
			y.low, y.high = min(y.low, p.y), max(y.high, p.y)
		}
	}
	y.low = math.Pow(10, math.Floor(math.Log10(y.low)))
	y.high = math.Pow(10, math.Ceil(math.Log10(y.high)))
	return x, y
}

// decimals returns the powers of ten from low to high, which are such.
func decimals(low, high float64) (all []float64) {
	for v := low; v < high*1.5; v *= 10 {
		all = append(all, v)
	}
	return all
}

// columns returns the numbers of clients that there are figures for.
func (c *chart) columns() (all []float64) {
	for _, l := range c.lines {
		for _, p := range l.at {
			all = append(all, p.x)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (l line) draw(b *strings.Builder, x, y scale, color string) {
	var path strings.Builder
	for _, p := range l.at {
		fmt.Fprintf(&path, "%.1f,%.1f ", x.place(p.x), y.place(p.y))
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x.place(p.x), y.place(p.y), color)
	}
	dash := ""
	if l.dashed {
		dash = ` stroke-dasharray="6 4"`
	}
	fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"%s/>`+"\n", strings.TrimSpace(path.String()), color, dash)
}

func grid(b *strings.Builder, x1, y1, x2, y2 float64) {
	fmt.Fprintf(b, `<path d="M%.1f %.1fL%.1f %.1f" stroke="%s" stroke-opacity="0.3"/>`+"\n", x1, y1, x2, y2, gray)
}

func text(b *strings.Builder, x, y float64, anchor, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, html.EscapeString(s))
}

package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skylinedb/skylinedb/bench/internal/load"
)

// The benchmark starts itself as writers and as the echo: here that is the
// test binary.
func TestMain(m *testing.M) {
	if code, ok := role(os.Args[1:]); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// A batch that ends too late has a latency and does not count as throughput;
// one that fails has neither.
func TestFiguresOf(t *testing.T) {
	var s load.Sample
	start := time.Now()
	end := start.Add(time.Second)
	for i := range 999 {
		s.Note(start, start.Add(time.Duration(1+i)*time.Millisecond), end, nil)
	}
	s.Note(start, end.Add(2*time.Second), end, nil)
	s.Note(start, end, end, errors.New("no"))
	f := figuresOf(s, 2*time.Second)
	for name, want := range map[string]float64{
		figBatches: 499.5, figErrors: 1, figP50: 0.501, figP99: 0.991, figP999: 3, figMax: 3,
	} {
		if f[name] != want {
			t.Errorf("%s is %v, want %v", name, f[name], want)
		}
	}
}

func TestMedian(t *testing.T) {
	s := series{rounds: []figures{{figP50: 9, figMax: 1}, {figP50: 1}, {figP50: 2, figMax: 2}}}
	if v, ok := s.median(figP50); v != 2 || !ok {
		t.Errorf("the median of three is %v, %v", v, ok)
	}
	if v, ok := s.median(figMax); v != 1.5 || !ok {
		t.Errorf("the median of two is %v, %v", v, ok)
	}
	if _, ok := s.median(figCPU); ok {
		t.Error("there is a median of nothing")
	}
}

func TestTable(t *testing.T) {
	c := contest{columns: writeColumns("b"), beside: "b", note: "A note."}
	var out bytes.Buffer
	c.print(&out, results{
		{Contestant: "a", rounds: []figures{{figBatches: 12345, figP50: 0.00012345, figErrors: 1}, {figBatches: 12347, figP50: 0.00012345, figErrors: 2}}},
		{Contestant: "b", rounds: []figures{{figBatches: 10, figP50: 1.5, figErrors: 0}}},
	})
	var rows [][]string
	for line := range strings.Lines(out.String()) {
		rows = append(rows, strings.Fields(line))
	}
	want := []string{
		"a 12346 (12345–12347) 123µs - - - 3 - 1235x -",
		"b 10 1.5s - - - 0 - 1.00x -",
		"A note.",
	}
	for i, row := range rows[len(rows)-len(want):] {
		if got := strings.Join(row, " "); got != want[i] {
			t.Errorf("got  %s\nwant %s", got, want[i])
		}
	}
}

// A picture is well-formed and draws within itself.
func TestChart(t *testing.T) {
	c := chart{title: "a < b", format: formatSeconds}
	c.add("one & only", false, []point{{1, 0.00003}, {16, 0.4}, {256, 7}})
	c.add("one & only", true, []point{{1, 1}})
	c.add("nothing", true, nil)
	decoder := xml.NewDecoder(strings.NewReader(c.svg()))
	lines := 0
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		el, ok := token.(xml.StartElement)
		if !ok || el.Name.Local != "polyline" {
			continue
		}
		lines++
		for _, attr := range el.Attr {
			if attr.Name.Local == "points" {
				checkPoints(t, attr.Value)
			}
		}
	}
	if lines != 2 {
		t.Errorf("%d lines are drawn, want 2", lines)
	}
}

func checkPoints(t *testing.T, points string) {
	t.Helper()
	for pair := range strings.FieldsSeq(points) {
		x, y, _ := strings.Cut(pair, ",")
		px, errX := strconv.ParseFloat(x, 64)
		py, errY := strconv.ParseFloat(y, 64)
		if errX != nil || errY != nil || px < plotLeft || px > plotRight || py < plotTop || py > plotBottom {
			t.Errorf("the point %s is outside", pair)
		}
	}
}

func TestTargets(t *testing.T) {
	var out bytes.Buffer
	printTargets(&out, results{
		{Scenario: "autostart", Contestant: nameAutostart, rounds: []figures{{figP50: 0.07}}},
		{Scenario: "memory", Contestant: nameMemory, rounds: []figures{{memIdle: 10 << 20, memLater: 12 << 20}}},
	})
	lines := strings.Split(out.String(), "\n")
	for start, want := range map[string]string{
		"MISSED autostart": "70ms at most 60ms", "met idle daemon": "10 MB at most 15 MB", "met ten seconds": "1.0 MB at most 5.0 MB",
		"not measured an open database": "- at most 500 KB",
	} {
		found := false
		for _, line := range lines {
			line = strings.Join(strings.Fields(line), " ")
			found = found || strings.HasPrefix(line, start) && strings.HasSuffix(line, want)
		}
		if !found {
			t.Errorf("no line says %q … %q:\n%s", start, want, out.String())
		}
	}
}

// Every scenario runs and gives its figures. How fast that is does not matter.
func TestScenarios(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the product")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "figures.json")
	o, err := parse([]string{
		"--seconds", "0.05", "--rounds", "1", "--clients", "2", "--soak", "100ms", "--wanted", "--json", file, "--plots", dir,
	})
	if err != nil {
		t.Fatal(err)
	}
	o.withoutC = true
	o.sizes = sizes{
		starts: 2, connections: 5, databases: 2, load: 2, loadLasts: 50 * time.Millisecond, atOnce: []int{2},
		spread: []int{2}, spreadClients: 4, statements: []int{10}, payloads: []int{10 << 10},
		idleConns: 5, idleDatabases: 2, file: 1 << 20, records: 100,
		soakLine: 50 * time.Millisecond, soakRows: 10, bulkRead: 1000, bulkWrite: 1000,
	}
	var out bytes.Buffer
	if err := runAll(t.Context(), o, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	checkJSON(t, file)
	for _, name := range []string{"throughput-normal.svg", "latency-full.svg"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// checkJSON looks for a figure of each contestant of each scenario, and for errors.
func checkJSON(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report struct{ Results []jsonSeries }
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range report.Results {
		seen[s.Scenario] = true
		if len(s.Figures) == 0 && (s.Scenario != "memory" || runtime.GOOS == "linux") {
			t.Errorf("%s: %s: %s: nothing was measured", s.Scenario, s.Contest, s.Contestant)
		}
		for _, f := range s.Figures {
			if f.Name == figErrors && f.Median > 0 {
				t.Errorf("%s: %s: %s: %v batches failed", s.Scenario, s.Contest, s.Contestant, f.Median)
			}
		}
	}
	for _, s := range scenarios {
		if !seen[s.name] {
			t.Errorf("%s gave nothing", s.name)
		}
	}
}

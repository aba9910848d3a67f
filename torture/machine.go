package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"time"

	"github.com/skylinedb/skylinedb/test/tally"
)

// machine is a test that tries to break a promise, over and over.
type machine struct {
	name   string
	pkg    string
	test   string
	memory bool // its files may be on a disk in memory: it has a disk of its own making

	counts map[tally.Count]int64
	output string // the file of what it printed
	err    error
}

var machines = []machine{
	{name: "power", pkg: "./internal/worker", test: "TestPowerFailure", memory: true},
	{name: "histories", pkg: "./test/history", test: "TestHistories"},
	{name: "replacements", pkg: "./test/replace", test: "TestReplacements"},
	{name: "hostile", pkg: "./test/hostile", test: "TestHostileInputs"},
	{name: "intruders", pkg: "./test/e2e", test: "TestIntruders"},
	{name: "crowd", pkg: "./test/crowd", test: "TestCrowdMachine"},
}

// memoryDisk is where Linux has a disk in memory.
const memoryDisk = "/dev/shm"

// run runs the machine's test until then. It ends at the first finding.
func (m *machine) run(dir string, until time.Time, seed uint64) {
	report := filepath.Join(dir, m.name)
	m.output = report + ".log"
	if m.err = os.Mkdir(report, 0o700); m.err != nil {
		return
	}
	log, err := os.Create(m.output)
	if err != nil {
		m.err = err
		return
	}
	defer log.Close()
	program := filepath.Join(dir, path.Base(m.pkg)+".test")
	cmd := exec.Command(program, "-test.run=^"+m.test+"$", "-test.timeout=0")
	cmd.Dir = filepath.FromSlash(m.pkg)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(),
		fmt.Sprintf("%s=%d", tally.UntilEnv, until.Unix()), fmt.Sprintf("%s=%d", tally.SeedEnv, seed), tally.ReportEnv+"="+report)
	if _, err := os.Stat(memoryDisk); m.memory && err == nil {
		cmd.Env = append(cmd.Env, "TMPDIR="+memoryDisk, "GOGC=400") // for more rounds
	}
	m.err = cmd.Run()
	var unread error
	m.counts, unread = readReports(report)
	m.err = errors.Join(m.err, unread)
}

// readReports adds up the reports in a folder.
func readReports(dir string) (map[tally.Count]int64, error) {
	sum := map[tally.Count]int64{}
	files, err := filepath.Glob(dir + "/*.json")
	if err == nil && len(files) == 0 {
		err = errors.New("it has left no report")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var counts map[tally.Count]int64
		if err := json.Unmarshal(text, &counts); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for name, n := range counts {
			sum[name] += n
		}
	}
	return sum, err
}

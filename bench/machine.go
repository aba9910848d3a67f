package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// machine is where the figures come from.
type machine struct {
	CPU   string  `json:"cpu"`
	Cores int     `json:"cores"`
	OS    string  `json:"os"`
	Arch  string  `json:"arch"`
	Go    string  `json:"go"`
	Sync  float64 `json:"sync_seconds"` // of 4 KB in the folder of the databases, the median
}

func (m machine) String() string {
	return fmt.Sprintf("%d cores (%s), %s/%s, %s; a sync of the disk takes %s", m.Cores, m.CPU, m.OS, m.Arch, m.Go, formatSeconds(m.Sync))
}

func describeMachine(dir string) (machine, error) {
	m := machine{CPU: cpuModel(), Cores: runtime.NumCPU(), OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version()}
	took, err := syncTime(dir)
	m.Sync = took.Seconds()
	return m, err
}

// cpuModel returns the processor's name where the system tells it in a file.
func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "model unknown"
}

// syncTime measures what a small write that survives a power failure costs.
func syncTime(dir string) (took time.Duration, err error) {
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var all []time.Duration
	for range 51 {
		began := time.Now()
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

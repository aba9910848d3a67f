package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// What Linux tells of a process. Other systems have no /proc, and there the
// figures are left out.

// cpuTime returns the processor time that a process has used. It adds up what
// the scheduler counted for each thread, in nanoseconds: the process's own sum
// comes in steps of 10 ms. (Go's threads stay, so none is missing.)
func cpuTime(pid int) (time.Duration, bool) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	var sum time.Duration
	for _, path := range threads {
		var used time.Duration
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended since
		}
		if _, err := fmt.Sscan(string(text), &used); err != nil {
			return 0, false
		}
		sum += used
	}
	if sum > 0 {
		return sum, true
	}
	return cpuTicks(pid)
}

// cpuTicks is cpuTime where the kernel keeps no such counts.
func cpuTicks(pid int) (time.Duration, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	_, rest, _ := strings.Cut(string(text), ") ") // behind the name, which may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, false
	}
	var user, system time.Duration
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return 0, false
	}
	return (user + system) * time.Second / 100, true // the kernel's USER_HZ
}

// memoryOf returns a figure of a process's memory in bytes, by its name in a
// file of /proc/PID.
func memoryOf(pid int, file, name string) (float64, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			var kib float64
			_, err := fmt.Sscan(rest, &kib)
			return kib * 1024, err == nil
		}
	}
	return 0, false
}

func resident(pid int) (float64, bool) { return memoryOf(pid, "status", "VmRSS") }

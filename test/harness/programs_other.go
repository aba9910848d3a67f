//go:build !linux

package harness

import (
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// programs returns the processes whose program lies below dir. On Windows it
// knows none: there the folder cannot be removed while one is left.
func programs(dir string) (pids []int) {
	if runtime.GOOS == "windows" {
		return nil
	}
	out, err := exec.Command("ps", "-axo", "pid=,comm=").Output()
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(out)) {
		first, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(strings.TrimSpace(path), dir+"/") {
			continue
		}
		if pid, err := strconv.Atoi(first); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// describe tells the numbers of processes.
func describe(pids []int) string { return fmt.Sprint(pids) }

// unmountBelow has nothing to do: only tests on Linux mount.
func unmountBelow(string) {}

package harness

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// programs returns the processes whose program lies below dir.
func programs(dir string) (pids []int) {
	links, _ := filepath.Glob("/proc/[0-9]*/exe") // fails for a bad pattern only
	for _, link := range links {
		path, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(path, dir+"/") {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(link, "/proc/%d/exe", &pid); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// describe tells the command lines of processes.
func describe(pids []int) string {
	var lines []string
	for _, pid := range pids {
		args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // it may have ended since
		lines = append(lines, fmt.Sprintf("%d %q", pid, bytes.Split(args, []byte{0})))
	}
	return strings.Join(lines, ", ")
}

// unmountBelow unmounts what a test that was killed has left mounted.
func unmountBelow(dir string) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], dir+"/") {
			_ = unix.Unmount(fields[1], unix.MNT_DETACH) // the folder's removal will tell
		}
	}
}

package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// unixTime is a time in seconds since 1970. 32 bits of them are what every
// archive format can hold.
type unixTime uint32

func (u unixTime) time() time.Time { return time.Unix(int64(u), 0).UTC() }

// withoutGit is the time of a source that is no clone: 2026-01-01.
const withoutGit unixTime = 1767225600

// epoch returns the time that all files in the archives get: what
// SOURCE_DATE_EPOCH says, or else when the commit was made.
//
// Source: https://reproducible-builds.org/specs/source-date-epoch/
func epoch(root string, getenv func(string) string) (unixTime, error) {
	text := getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return commitTime(root), nil
	}
	u, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("SOURCE_DATE_EPOCH cannot be %q: use seconds since 1970", text)
	}
	return unixTime(u), nil
}

// commitTime asks git. The repository is named, because the source may lie
// within another one, whose commits say nothing about it.
func commitTime(root string) unixTime {
	out, err := exec.Command("git", "--git-dir", filepath.Join(root, ".git"), "rev-list", "-1", "--timestamp", "HEAD").Output()
	if err != nil {
		return withoutGit
	}
	seconds, _, _ := strings.Cut(string(out), " ")
	u, err := strconv.ParseUint(seconds, 10, 32)
	if err != nil {
		return withoutGit
	}
	return unixTime(u)
}

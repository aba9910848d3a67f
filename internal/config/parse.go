package config

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// The bounds of a size. A message below the least could not carry the
// daemon's own error replies; one above the most would be held in memory whole.
const (
	minSize = 1 << 10
	maxSize = 1 << 30
)

var sizeUnits = []struct {
	suffix string
	bytes  int
}{{"gib", 1 << 30}, {"mib", 1 << 20}, {"kib", 1 << 10}}

// parseSize reads a number of bytes with an optional unit.
func parseSize(text string) (int, error) {
	allowed := errors.New("use bytes or a size such as 64KiB or 16MiB, from 1KiB to 1GiB")
	digits, unit := strings.ToLower(text), 1
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(digits, u.suffix); ok {
			digits, unit = strings.TrimRight(rest, " "), u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 32) // times a unit, it fits 64 bits
	if err != nil || n*uint64(unit) < minSize || n*uint64(unit) > maxSize {
		return 0, allowed
	}
	return int(n) * unit, nil
}

// formatSize writes what parseSize reads, in the largest unit without rest.
func formatSize(n int) string {
	for _, u := range sizeUnits {
		if n != 0 && n%u.bytes == 0 {
			return strconv.Itoa(n/u.bytes) + strings.ToUpper(u.suffix[:1]) + "iB"
		}
	}
	return strconv.Itoa(n)
}

// parseDuration reads a duration that is not negative.
func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, errors.New("use a duration such as 90s, 5m or 1h30m, or 0 for never")
	}
	return d, nil
}

// parseBool reads on and off in their usual spellings.
func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "on", "true", "1", "yes":
		return true, nil
	case "off", "false", "0", "no":
		return false, nil
	}
	return false, errors.New("use on, true, yes or 1, or off, false, no or 0")
}

func formatBool(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

package config

import (
	"testing"
	"time"
)

func TestParseSize(t *testing.T) {
	tests := []struct {
		text string
		want int // 0 = refused
	}{
		{"16MiB", 16 << 20}, {"64KiB", 64 << 10}, {"1GiB", 1 << 30}, {"1024", 1024}, {"1073741824", 1 << 30},
		{"16mib", 16 << 20}, {"16 MiB", 16 << 20}, {"1KiB", 1024},
		{"1023", 0}, {"0", 0}, {"0KiB", 0}, {"1073741825", 0}, {"1025MiB", 0}, {"2GiB", 0}, {"-1MiB", 0}, {"+1MiB", 0},
		{"", 0}, {"MiB", 0}, {"1.5MiB", 0}, {"16MB", 0}, {"16M", 0}, {"16MiBKiB", 0}, {" 1024", 0},
		{"18446744073709551617", 0}, {"17179869185GiB", 0}, {"4294967297KiB", 0},
	}
	for _, test := range tests {
		got, err := parseSize(test.text)
		if got != test.want || (err == nil) != (test.want != 0) {
			t.Errorf("parseSize(%q) = %d, %v, want %d", test.text, got, err, test.want)
		}
	}
}

func TestFormatSize(t *testing.T) {
	for n, want := range map[int]string{1 << 30: "1GiB", 16 << 20: "16MiB", 64 << 10: "64KiB", 1025: "1025"} {
		if got := formatSize(n); got != want {
			t.Errorf("formatSize(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{"0": 0, "0s": 0, "5m": 5 * time.Minute, "1h30m": 90 * time.Minute, "250ms": 250 * time.Millisecond} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("parseDuration(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "-1ns", "-5m", "never", "5 m"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("parseDuration(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseBool(t *testing.T) {
	for _, text := range []string{"on", "true", "1", "yes", "ON", "True"} {
		if on, err := parseBool(text); err != nil || !on {
			t.Errorf("parseBool(%q) = %v, %v", text, on, err)
		}
	}
	for _, text := range []string{"off", "false", "0", "no", "NO"} {
		if on, err := parseBool(text); err != nil || on {
			t.Errorf("parseBool(%q) = %v, %v", text, on, err)
		}
	}
	for _, text := range []string{"", "2", "y", "enabled", " on"} {
		if on, err := parseBool(text); err == nil {
			t.Errorf("parseBool(%q) = %v, want an error", text, on)
		}
	}
}

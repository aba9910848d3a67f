package oslock

import "testing"

func TestMutexName(t *testing.T) {
	const base = instanceMutex
	for _, pipe := range []string{`\\.\pipe\SkylineDBd-v1`, `\\.\PIPE\skylinedbd-V1`, `\\?\pipe\SkylineDBd-v1`, `//./pipe/SkylineDBd-v1`} {
		if got := mutexName(base, pipe); got != base {
			t.Errorf("%s: got %q, want %q", pipe, got, base)
		}
	}
	a, b := mutexName(base, `\\.\pipe\a`), mutexName(base, `\\.\pipe\b`)
	if a == base || a == b {
		t.Errorf("two pipes share a mutex: %q, %q", a, b)
	}
	if c := mutexName(base, `\\.\pipe\A`); c != a {
		t.Errorf("one pipe in two spellings: %q and %q", a, c)
	}
}

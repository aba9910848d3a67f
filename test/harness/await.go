package harness

import (
	"testing"
	"time"
)

// Patience is how long anything is waited for before the test fails.
const Patience = 2 * time.Minute

// glance is how often Await looks.
const glance = 2 * time.Millisecond

// Await waits until cond holds. It fails the test, which waited for what, when
// its patience is used up.
func Await(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(Patience); !cond(); time.Sleep(glance) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

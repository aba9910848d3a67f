package router

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// The patience for an unused daemon is counted from its last use, by a clock
// that nobody sets: what is kept is the time since the start, not the time of
// day.
func TestIdleEndIsCountedFromTheLastUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const idle, used = 30 * time.Minute, 20 * time.Minute
		r := New(Config{RouterIdle: idle, MaxFrame: 1 << 20, Log: slog.New(slog.DiscardHandler)})
		began := time.Now()
		time.AfterFunc(used, r.used)
		if !r.waitForEnd() {
			t.Fatal("the end is not for idleness")
		}
		if got := time.Since(began); got != used+idle {
			t.Errorf("the end came after %v, want %v after %v", got, idle, used)
		}
		if got := time.Duration(r.lastUse.Load()); got != used {
			t.Errorf("the last use is kept as %v, want %v since the start", got, used)
		}
		r.cancel()
	})
}

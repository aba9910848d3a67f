package router

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// The daemon rests once, some seconds after the last request, and again only
// after the next.
func TestRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rests := 0
		r := New(Config{Log: slog.New(slog.DiscardHandler), Rest: func() { rests++ }})
		defer r.cancel()
		for range 10 {
			r.used()
			time.Sleep(restAfter / 2)
		}
		if rests != 0 {
			t.Errorf("it rested %d times while requests came", rests)
		}
		time.Sleep(restAfter)
		if rests != 1 {
			t.Errorf("it rested %d times after the last request, want once", rests)
		}
		time.Sleep(time.Hour)
		if rests != 1 {
			t.Errorf("it rested %d times without a request", rests-1)
		}
		r.used()
		time.Sleep(2 * restAfter)
		if rests != 2 {
			t.Errorf("it rested %d times, want once after each burst", rests)
		}
	})
}

// A request that comes while the daemon rests is followed by a rest as any.
func TestRequestDuringRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rests := 0
		var r *Router
		r = New(Config{Log: slog.New(slog.DiscardHandler), Rest: func() {
			if rests++; rests == 1 {
				r.used()
			}
		}})
		defer r.cancel()
		r.used()
		time.Sleep(3 * restAfter)
		if rests != 2 {
			t.Errorf("it rested %d times, want twice", rests)
		}
	})
}

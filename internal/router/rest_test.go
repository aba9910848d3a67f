package router

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// The daemon rests once, some seconds after the last request, and again only
// after the next.
func TestRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rests atomic.Int32
		r := New(Config{Log: slog.New(slog.DiscardHandler), Rest: func() { rests.Add(1) }})
		defer r.cancel()
		for range 10 {
			r.used()
			time.Sleep(restAfter / 2)
		}
		if n := rests.Load(); n != 0 {
			t.Errorf("it rested %d times while requests came", n)
		}
		time.Sleep(restAfter)
		if n := rests.Load(); n != 1 {
			t.Errorf("it rested %d times after the last request, want once", n)
		}
		time.Sleep(time.Hour)
		if n := rests.Load(); n != 1 {
			t.Errorf("it rested %d times without a request", n-1)
		}
		r.used()
		time.Sleep(2 * restAfter)
		if n := rests.Load(); n != 2 {
			t.Errorf("it rested %d times, want once after each burst", n)
		}
	})
}

// A request that comes while the daemon rests is followed by a rest as any.
func TestRequestDuringRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rests atomic.Int32
		var r *Router
		r = New(Config{Log: slog.New(slog.DiscardHandler), Rest: func() {
			if rests.Add(1) == 1 {
				r.used()
			}
		}})
		defer r.cancel()
		r.used()
		time.Sleep(3 * restAfter)
		if n := rests.Load(); n != 2 {
			t.Errorf("it rested %d times, want twice", n)
		}
	})
}

package daemon

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// signals turns SIGINT, SIGTERM and SIGHUP (the terminal was closed) into an
// end: the first asks for a clean one, the second ends the process at once.
// SIGPIPE is ignored: whoever reads the log may go, the databases stay.
type signals struct {
	ctx    context.Context // ends with the first signal
	cancel context.CancelFunc
	ch     chan os.Signal
	quit   chan struct{}
	wg     sync.WaitGroup
}

func catchSignals() *signals {
	s := &signals{ch: make(chan os.Signal, 2), quit: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	signal.Ignore(syscall.SIGPIPE)
	signal.Notify(s.ch, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signal.Notify(s.ch, syscall.SIGHUP)
	}
	s.wg.Go(func() {
		for first := true; ; first = false {
			select {
			case <-s.ch:
				if !first {
					os.Exit(exitFailure)
				}
				s.cancel()
			case <-s.quit:
				return
			}
		}
	})
	return s
}

func (s *signals) stop() {
	signal.Stop(s.ch)
	close(s.quit)
	s.wg.Wait()
	s.cancel()
}
